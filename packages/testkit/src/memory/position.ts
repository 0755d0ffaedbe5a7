import type { Change, Position, PositionRules } from '@cdc/core'
import { isTableChange, tableName } from '@cdc/core'
import { testkitError } from '../errors.ts'

/**
 * Where a reader of a memory database stands. `at`: every commit below it is in. `cuts`: tables whose snapshot is
 * read, each with the place in the log at which it was read; dropped when the stream has passed them.
 */
export interface MemoryPosition {
  readonly v: 1
  readonly system: string
  readonly at: number
  /** Are all tables snapshotted? */
  readonly complete: boolean
  readonly cuts: Readonly<Record<string, number>>
}

export function formatPosition(position: MemoryPosition): Position {
  const { v, system, at, complete } = position
  const ahead = Object.entries(position.cuts).filter(([, cut]) => !complete || cut > at)
  const cuts = Object.fromEntries(ahead.sort(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify({ v, system, at, complete, cuts })
}

/** Throws MEMORY_POSITION_INVALID for anything that this package has not written. */
export function parsePosition(text: Position): MemoryPosition {
  let value: Partial<MemoryPosition> | null
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (value?.v === 1 && typeof value.at === 'number' && typeof value.cuts === 'object') return value as MemoryPosition
  throw testkitError('MEMORY_POSITION_INVALID', { message: 'This is no position of the memory source.' })
}

/** Up to where the changes of a table are in; -1 when not even its snapshot is. */
function reach(position: MemoryPosition, table: string): number {
  const cut = position.cuts[table]
  if (cut !== undefined) return Math.max(cut, position.at)
  return position.complete ? position.at : -1
}

/** Is everything that is in `a` in `b` too? */
function within(a: MemoryPosition, b: MemoryPosition): boolean {
  if (a.at > b.at || (a.complete && !b.complete)) return false
  return Object.keys(a.cuts).every((table) => reach(a, table) <= reach(b, table))
}

function sameSystem(positions: readonly Position[]): MemoryPosition[] {
  const parsed = positions.map(parsePosition)
  const other = parsed.find(({ system }) => system !== parsed[0]!.system)
  if (other === undefined) return parsed
  throw testkitError('MEMORY_HISTORY_LOST', {
    message: `Positions of two databases, ${parsed[0]!.system} and ${other.system}, have no common place.`,
  })
}

/** Cuts of the tables of both, each worked out by `cut`; tables for which it gives undefined are not done. */
function combine(
  a: MemoryPosition,
  b: MemoryPosition,
  cut: (table: string) => number | undefined,
): Record<string, number> {
  const cuts: Record<string, number> = {}
  for (const table of new Set([...Object.keys(a.cuts), ...Object.keys(b.cuts)])) {
    const value = cut(table)
    if (value !== undefined) cuts[table] = value
  }
  return cuts
}

function lower(a: MemoryPosition, b: MemoryPosition): MemoryPosition {
  const cuts = combine(a, b, (table) => {
    const least = Math.min(reach(a, table), reach(b, table))
    return least < 0 ? undefined : least
  })
  return { v: 1, system: a.system, at: Math.min(a.at, b.at), complete: a.complete && b.complete, cuts }
}

function merged(own: MemoryPosition, read: MemoryPosition): MemoryPosition {
  // a table that the sink has already keeps its cut: the rows that were read again were left out
  const cuts = combine(own, read, (table) => Math.max(reach(own, table) < 0 ? reach(read, table) : reach(own, table)))
  return {
    v: 1,
    system: own.system,
    at: Math.max(own.at, read.at),
    complete: own.complete || read.complete,
    cuts,
  }
}

/** The arithmetic of the memory source's positions. */
export const memoryPositions: PositionRules = {
  compare(first, second) {
    const a = parsePosition(first)
    const b = parsePosition(second)
    if (a.system !== b.system) return undefined
    const [below, above] = [within(a, b), within(b, a)]
    if (below && above) return 0
    return below ? -1 : above ? 1 : undefined
  },
  lowest: (positions) => formatPosition(sameSystem(positions).reduce(lower)),
  contains(position, exact) {
    const place = parsePosition(position)
    return (change: Change) => {
      const table = isTableChange(change) ? tableName(change.table) : undefined
      if (change.origin.snapshot !== undefined && table !== undefined) return reach(place, table) >= 0
      const commit = Number(change.origin.transaction.commit)
      if (commit < place.at) return true
      return exact && table !== undefined && commit < (place.cuts[table] ?? -1)
    }
  },
  settled(position) {
    const { complete, at, cuts } = parsePosition(position)
    return complete && Object.values(cuts).every((cut) => cut <= at)
  },
  merge(own, read) {
    const [a, b] = sameSystem([own, read])
    return formatPosition(merged(a!, b!))
  },
  describe(position) {
    const { system, at, complete, cuts } = parsePosition(position)
    return `${system}/${at}${complete ? '' : `, snapshot of ${Object.keys(cuts).length} tables`}`
  },
}
