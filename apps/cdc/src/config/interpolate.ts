import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { nearest } from '@cdc/core'
import type { Problem, Spot } from './problem.ts'
import { mapStrings, type Tree } from './tree.ts'

/** Where references take their values from. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths start here: the directory of the pipeline's file. */
  readonly directory: string
}

const reference = /\$?\$\{(?<body>[^}]*)\}/g
/** What connectors fill in themselves, such as `${table}`: left as it is. */
const placeholder = /^[a-z][a-z0-9_.-]*$/
const largest = 65_536

/**
 * Replaces `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` in the leaves of a parsed tree, so a value can
 * never become YAML. What is put in is not looked at again. `$${` stands for `${`; a lower-case word such as
 * `${table}` is left for the connector.
 */
export function interpolate(tree: Tree, surroundings: Surroundings): { tree: Tree; problems: Problem[] } {
  const problems: Problem[] = []
  const replaced = mapStrings(tree, (text, { spot }) =>
    text.replaceAll(reference, (whole: string, body: string) => {
      if (whole.startsWith('$$')) return whole.slice(1)
      if (placeholder.test(body)) return whole
      const result = lookUp(body, surroundings)
      if (typeof result === 'string') return result
      problems.push({ ...result, spot })
      return ''
    }),
  )
  return { tree: replaced, problems: onlyOnce(problems) }
}

type Missing = Omit<Problem, 'spot'>

function lookUp(body: string, { env, directory }: Surroundings): string | Missing {
  if (body.startsWith('env:')) return lookUpVariable(body.slice(4), env)
  if (body.startsWith('file:')) return readSecret(resolve(directory, body.slice(5)), body.slice(5))
  const name = /^[A-Za-z_]\w*$/.test(body) ? body : 'NAME'
  return {
    code: 'INVALID_REFERENCE',
    message: `'\${${body}}' is no reference that is known.`,
    hint: `Write \${env:${name}}, \${env:${name}:-default} or \${file:/path}; for the text itself write $\${.`,
  }
}

function lookUpVariable(written: string, env: Surroundings['env']): string | Missing {
  const at = written.indexOf(':-')
  const name = at < 0 ? written : written.slice(0, at)
  const value = env[name]
  // as in a shell: `:-` also covers a variable that is set and empty
  if (at >= 0) return value === undefined || value === '' ? written.slice(at + 2) : value
  if (value !== undefined) return value
  const near = nearest(
    name,
    Object.keys(env).filter((one) => env[one] !== undefined),
  )
  return {
    code: 'ENV_MISSING',
    message: `Environment variable ${name} is not set.`,
    // short names are all near to each other
    hint: `${near === undefined || name.length < 6 ? '' : `Did you mean ${near}? `}Set ${name}, or give a default: \${env:${name}:-...}`,
  }
}

function readSecret(path: string, written: string): string | Missing {
  try {
    const content = readFileSync(path)
    if (content.length > largest)
      return { code: 'FILE_MISSING', message: `File ${path} is larger than ${largest} bytes: no value for an option.` }
    return content.toString('utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = reasons[code ?? ''] ?? `cannot be read (${code})`
    const relative = written.startsWith('/') ? '' : ` (written as ${written})`
    return { code: 'FILE_MISSING', message: `File ${path}${relative} ${why}.`, hint: 'Check the path and its rights.' }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EISDIR: 'is a directory',
}

/** An anchor that is used in ten places is one mistake. */
function onlyOnce(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  const isNew = ({ message, spot }: { message: string; spot: Spot }) => {
    const id = `${spot.start} ${message}`
    return !seen.has(id) && seen.add(id) !== undefined
  }
  return problems.filter(isNew)
}
