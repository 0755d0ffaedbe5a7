import type { OptionProblem } from '@cdc/core'
import type { error } from '../errors.ts'

/** A piece of the file: offsets in its text. */
export interface Spot {
  readonly start: number
  readonly end: number
}

export type ProblemCode = keyof typeof error.catalogue | OptionProblem['code']

/** One mistake in the file of a pipeline. */
export interface Problem {
  readonly code: ProblemCode
  readonly message: string
  readonly hint?: string
  readonly spot: Spot
}

/** The same with its place counted in lines and columns (from 1), and the line itself, secrets hidden. */
export interface PlacedProblem {
  readonly code: ProblemCode
  readonly message: string
  readonly hint?: string
  readonly line: number
  readonly column: number
  /** How many characters the caret underlines. */
  readonly length: number
  readonly excerpt: string
}

const secretKey =
  /(?<key>[\w.-]*(?:password|passwd|pwd|secret|token|credential|jaas|api-?key|passphrase|keystore\.key)[\w.-]*['"]?\s*[:=]\s*)(?!['"]?\$\{)\S.*$/i
const userInfo = /(\/\/[^\s:/@]*:)[^\s@/]+(@)/g

/** Orders by place, and turns offsets into lines and columns. `hidden`: spots of values never to be shown. */
export function placeProblems(text: string, problems: readonly Problem[], hidden: readonly Spot[]): PlacedProblem[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  const sorted = problems.toSorted((a, b) => a.spot.start - b.spot.start)
  return sorted.map(({ spot, ...problem }) => {
    const start = Math.min(spot.start, text.length)
    const index = starts.findLastIndex((offset) => offset <= start)
    const from = starts[index]!
    const end = (starts[index + 1] ?? text.length + 1) - 1
    const excerpt = hideSecrets(text, { start: from, end }, hidden)
    const column = start - from + 1
    const length = Math.max(1, Math.min(spot.end, end, from + excerpt.length) - start)
    return { ...problem, line: index + 1, column, length, excerpt }
  })
}

/** One line of the file as it may be shown. Behind a hidden value nothing is shown: columns would be wrong. */
function hideSecrets(text: string, line: Spot, hidden: readonly Spot[]): string {
  const touched = hidden.filter(({ start, end }) => start < line.end && end > line.start)
  const first = Math.min(line.end, ...touched.map(({ start }) => Math.max(start, line.start)))
  const shown = text.slice(line.start, first)
  if (first < line.end) return `${shown}******`
  return shown.trimEnd().replace(secretKey, '$<key>******').replace(userInfo, '$1******$2')
}
