import type { Position, PositionRules } from '@cdc/core'
import { error } from './errors.ts'

// FILL IN: what says where a reader stands: an offset, a sequence number, a token. Give it a version, since pipelines
// keep positions for years. Here it is the number of the last event.

/** The position after the event with this number. */
export function formatPosition(number: number): Position {
  return JSON.stringify({ v: 1, number })
}

/** The number in a position. Throws NEW_CONNECTOR_POSITION. */
export function parsePosition(position: Position): number {
  let read: { v?: unknown; number?: unknown } | null = null
  try {
    read = JSON.parse(position)
  } catch {
    // is said below
  }
  const number = read?.v === 1 ? read.number : undefined
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
  const message = `'${position}' is no position of this source.`
  throw error('NEW_CONNECTOR_POSITION', { message })
}

/** The arithmetic of positions: pure functions, which the runtime needs before anything is opened. */
export const positions: PositionRules = {
  compare: (a, b) => Math.sign(parsePosition(a) - parsePosition(b)) as -1 | 0 | 1,
  lowest: (all) => formatPosition(Math.min(...all.map(parsePosition))),
  contains: (position) => {
    const number = BigInt(parsePosition(position))
    return ({ kind, origin }) => kind !== 'schema' && origin.transaction.commit <= number
  },
  // a source with a snapshot says here whether it is over: see PositionRules in @cdc/core
  settled: () => true,
  merge: (own, read) => formatPosition(Math.max(parsePosition(own), parsePosition(read))),
  describe: (position) => `event ${parsePosition(position)}`,
}
