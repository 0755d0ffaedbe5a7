import { createContext, Script } from 'node:vm'
import { error } from './errors.ts'

/** Longer expressions are refused: nobody can read them, and lists of names stay far below. */
const MAX_LENGTH = 8192
/** Milliseconds for matching all names of a catalog; an honest expression needs a thousandth of it. */
const DEADLINE = 1000

/** A comma list of regular expressions, as Flink and Debezium take them: whole names, without regard to case. */
export interface Patterns {
  /** As written. */
  readonly source: string
  readonly parts: readonly Pattern[]
}
export interface Pattern {
  readonly source: string
  /** For JavaScript, anchored. */
  readonly body: string
  readonly flags: string
}

/** Compiles a comma list. Throws a SyntaxError that says which part is wrong and why. */
export function compilePatterns(source: string): Patterns {
  if (source.length > MAX_LENGTH) throw new SyntaxError(`is longer than ${MAX_LENGTH} characters`)
  const parts = splitList(source).map(compile)
  if (parts.length === 0) throw new SyntaxError('is empty')
  return { source, parts }
}

/** Parts between commas that stand outside of brackets and braces, blanks trimmed, as Debezium splits its lists. */
export function splitList(source: string): string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!
    if (character === '\\') part += character + (source[++i] ?? '')
    else if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else {
      if ('([{'.includes(character)) depth++
      else if (')]}'.includes(character)) depth--
      part += character
    }
  }
  return [...parts, part].map((one) => one.trim()).filter((one) => one !== '')
}

function compile(source: string): Pattern {
  // Java's \Q...\E and inline (?i), which JavaScript has not; matching is without regard to case anyway
  const plain = source
    .replace(/\\Q(.*?)(?:\\E|$)/gs, (_, literal: string) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .replace(/^\(\?i\)/, '')
    .replace(/\\,/g, ',')
  const body = `^(?:${plain})$`
  for (const flags of ['iu', 'i']) {
    try {
      // a body of its own first: `a)|(b` compiles only inside of the anchors
      new RegExp(plain, flags)
      new RegExp(body, flags)
      return { source, body, flags }
    } catch (cause) {
      if (flags === 'i')
        throw new SyntaxError(
          `does not compile: ${(cause as Error).message.replace(/^Invalid regular expression: /, '')}`,
        )
    }
  }
  throw new SyntaxError('does not compile')
}

/**
 * For each pattern the names that it matches whole, by index in `names`. Runs with a deadline where it has to, since
 * an expression such as `(a+)+b` needs longer than the universe has: PATTERN_TOO_SLOW.
 */
export function matchNames(patterns: Patterns, names: readonly string[], option: string): Set<number>[] {
  if (patterns.parts.every(comesToAnEnd)) {
    const expressions = patterns.parts.map(({ body, flags }) => new RegExp(body, flags))
    return expressions.map((one) => new Set(names.flatMap((name, i) => (one.test(name) ? [i] : []))))
  }
  return matchUntil(patterns, names, option)
}

/**
 * Two repetitions side by side look at a name's characters in pairs at worst. Only repeated groups, references and
 * many repetitions need a deadline, which costs a context of its own: a millisecond a name where they come singly.
 */
function comesToAnEnd({ body }: Pattern): boolean {
  const plain = body.slice(4, -2)
  return (plain.match(/[*+?{]/g) ?? []).length <= 2 && !/\)[*+?{]|\\[1-9k]/.test(plain)
}

function matchUntil(patterns: Patterns, names: readonly string[], option: string): Set<number>[] {
  const code =
    'parts.map(({ body, flags }) => { const one = new RegExp(body, flags); const hits = [];' +
    ' for (let i = 0; i < names.length; i++) if (one.test(names[i])) hits.push(i); return hits })'
  try {
    const found = new Script(code).runInContext(createContext({ parts: patterns.parts, names }), { timeout: DEADLINE })
    return (found as number[][]).map((hits) => new Set(hits))
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
    throw error('PATTERN_TOO_SLOW', {
      message: `Matching ${names.length} names against ${option} took more than ${DEADLINE} ms: '${patterns.source}'.`,
      where: { option },
    })
  }
}

/** Does any part match the whole name? For names that come one at a time (message prefixes, new tables). */
export function matcher(patterns: Patterns, option: string): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    let hit = known.get(name)
    if (hit === undefined) {
      hit = matchNames(patterns, [name], option).some((hits) => hits.size > 0)
      if (known.size >= 10_000) known.clear()
      known.set(name, hit)
    }
    return hit
  }
}

/** The names that a pattern spells out in full: `a`, `a|b`, `(a|b)`. Empty when there is anything else in it. */
export function literalNames(pattern: Pattern): string[] {
  const inner = /^\(([^()]*)\)$/.exec(pattern.source)?.[1] ?? pattern.source
  const names = inner.split('|')
  return names.every((name) => /^[\p{L}\p{N}_ $-]+$/u.test(name)) ? names : []
}
