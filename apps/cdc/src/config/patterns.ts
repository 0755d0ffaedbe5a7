import type { FaultList } from './fault-list.ts'
import type { Spot } from './problem.ts'
import type { Tree } from './tree.ts'

export interface WrittenRoute {
  readonly from: string
  readonly to: string
}

const longest = 256

/** The pattern if it is a regular expression of a sensible length, as a list of one or none. */
export function checkPattern(pattern: string, spot: Spot, faults: FaultList): string[] {
  const fault = faultOf(pattern)
  if (fault === undefined) return [pattern]
  faults.add('INVALID_PATTERN', spot, fault, 'Write a regular expression for the whole of schema.table.')
  return []
}

function faultOf(pattern: string): string | undefined {
  if (pattern.length > longest) return `The pattern has ${pattern.length} characters; at most ${longest} are taken.`
  try {
    new RegExp(`^(?:${pattern})$`)
    return undefined
  } catch (cause) {
    const why = (cause as Error).message.split(': ').at(-1)
    return `'${pattern}' is not a regular expression: ${why}.`
  }
}

/** Reads `routes`: a list of `from` and `to`. */
export function readRoutes(tree: Tree, faults: FaultList): WrittenRoute[] {
  const example = 'For example: routes: [{from: public.(.*), to: replica.$1}]'
  if (tree.kind !== 'list') {
    faults.add('INVALID_VALUE', tree.spot, "'routes' must be a list.", example)
    return []
  }
  return tree.items.flatMap((item, index) => {
    const map = faults.map(item, `routes[${index + 1}]`, example)
    if (map === undefined) return []
    faults.unknownKeys(map, ['from', 'to'], 'in a route')
    const [from, to] = (['from', 'to'] as const).map((key) => {
      const found = map.entries.get(key)
      if (found !== undefined) return { text: faults.text(found.value, key), spot: found.value.spot }
      const place = { start: map.spot.start, end: map.spot.start + 1 }
      faults.add('MISSING_KEY', place, `routes[${index + 1}] has no '${key}'.`, example)
      return undefined
    })
    if (from?.text === undefined || to?.text === undefined) return []
    if (checkPattern(from.text, from.spot, faults).length === 0) return []
    return checkTarget(from.text, to.text, to.spot, faults) ? [{ from: from.text, to: to.text }] : []
  })
}

/** `to` must name a table once its groups are filled in, and use only groups that `from` has. */
function checkTarget(from: string, to: string, spot: Spot, faults: FaultList): boolean {
  const groups = new RegExp(`${from}|`).exec('')!.length - 1
  const missing = [...to.matchAll(/\$(\d+)/g)]
    .map(([, digits]) => Number(digits))
    .find((one) => one > groups || one < 1)
  if (missing !== undefined) {
    const has = groups === 0 ? 'no group' : groups === 1 ? 'one group' : `${groups} groups`
    const hint = 'Put what is to be kept in parentheses: from: public.(.*)'
    faults.add('INVALID_ROUTE', spot, `'${to}' uses $${missing}, and '${from}' has ${has}.`, hint)
    return false
  }
  // a group may itself hold the dot
  if (to.includes('.') ? /^[^.]+\..+$/.test(to) : to.includes('$')) return true
  faults.add('INVALID_ROUTE', spot, `'${to}' is not schema.table.`, 'For example: to: replica.$1')
  return false
}
