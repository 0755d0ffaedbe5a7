import { CdcError, type ErrorPlace } from '@cdc/core'
import { ConfigProblems } from '../config/load.ts'
import type { PlacedProblem } from '../config/problem.ts'
import type { Paint } from './style.ts'

const errorsPage = 'docs/05-errors.md'

/** Where the docs explain a code. */
export function docsLink(code: string): string {
  return `${errorsPage}#${code.toLowerCase()}`
}

/** An error as an operator reads it: what happened, where, what to do, where to read on. */
export function renderError(thrown: unknown, paint: Paint, stack: boolean): string {
  const error = CdcError.from(thrown)
  const lines = error.cause instanceof ConfigProblems ? problems(error, error.cause, paint) : single(error, paint)
  if (stack) lines.push('', ...stackLines(error))
  else if (error.kind === 'bug') lines.push(paint('dim', 'Run again with --stack for the place in the program.'))
  return lines.join('\n')
}

function single(error: CdcError, paint: Paint): string[] {
  const lines = [`${paint(['red', 'bold'], error.code)} ${error.message}`]
  const where = describePlace(error.where)
  if (where !== '') lines.push(field('where', where, paint))
  if (error.hint !== undefined) lines.push(field('to do', error.hint, paint))
  lines.push(field('docs', docsLink(error.code), paint))
  return lines
}

function field(name: string, text: string, paint: Paint): string {
  const [first, ...rest] = text.split('\n')
  return [`  ${paint('bold', `${name}:`.padEnd(7))}${first}`, ...rest.map((line) => `         ${line}`)].join('\n')
}

/** `pipeline shop, sink warehouse, table public.orders, column total` */
export function describePlace(place: ErrorPlace): string {
  const { file, line, ...rest } = place
  const parts = Object.entries(rest).map(([name, value]) => `${name} ${value}`)
  if (file !== undefined) parts.unshift(line === undefined ? `file ${file}` : `file ${file}, line ${line}`)
  return parts.join(', ')
}

function problems(error: CdcError, { file, problems }: ConfigProblems, paint: Paint): string[] {
  const lines = [`${paint(['red', 'bold'], error.code)} ${error.message}`]
  for (const problem of problems) lines.push('', ...problemLines(file, problem, paint))
  const codes = [...new Set(problems.map(({ code }) => code))]
  const links = codes.map((code) => `#${code.toLowerCase()}`).join(' ')
  return [...lines, '', field('docs', codes.length === 1 ? docsLink(codes[0]!) : `${errorsPage} ${links}`, paint)]
}

function problemLines(file: string, problem: PlacedProblem, paint: Paint): string[] {
  const { code, message, hint, line, column, length, excerpt } = problem
  const gutter = String(line).length
  // tabs stay tabs, so that the caret stands below its character
  const before = excerpt
    .slice(0, column - 1)
    .replace(/[^\t]/g, ' ')
    .padEnd(Math.min(column - 1, excerpt.length))
  return [
    `${paint('bold', `${file}:${line}:${column}`)}  ${message}  ${paint('red', code)}`,
    `  ${paint('dim', `${line} |`)} ${excerpt}`,
    `  ${paint('dim', `${' '.repeat(gutter)} |`)} ${before}${paint('red', '^'.repeat(length))}`,
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ]
}

/** Frames only: the messages of a driver's errors may hold values of rows. */
function stackLines(error: Error): string[] {
  const lines: string[] = []
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = 'code' in at ? ` ${String(at.code)}` : ''
    lines.push(`${depth === 0 ? '' : 'caused by '}${at.name}${code}`)
    lines.push(...(at.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)))
  }
  return lines
}
