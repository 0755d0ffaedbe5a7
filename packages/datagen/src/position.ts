import type { Position, PositionRules } from '@cdc/core'
import { datagenError } from './errors.ts'

/** The position after `rows` rows. */
export function formatPosition(rows: number): Position {
  return JSON.stringify({ v: 1, rows })
}

/** How many rows lie before it. Throws DATAGEN_POSITION. */
export function parsePosition(position: Position): number {
  let read: { v?: unknown; rows?: unknown } | undefined
  try {
    read = JSON.parse(position)
  } catch {
    // said below
  }
  if (read?.v === 1 && Number.isSafeInteger(read.rows) && (read.rows as number) >= 0) return read.rows as number
  throw datagenError('DATAGEN_POSITION', { message: `'${position}' is no position of the datagen source.` })
}

/** Positions are plain counts: the rows are numbered, and a row's number is its place in the log. */
export const datagenPositions: PositionRules = {
  compare: (a, b) => Math.sign(parsePosition(a) - parsePosition(b)) as -1 | 0 | 1,
  lowest: (positions) => formatPosition(Math.min(...positions.map(parsePosition))),
  contains: (position) => {
    const rows = BigInt(parsePosition(position))
    return ({ kind, origin }) => kind !== 'schema' && origin.transaction.commit < rows
  },
  settled: () => true,
  merge: (own, read) => formatPosition(Math.max(parsePosition(own), parsePosition(read))),
  describe: (position) => `row ${parsePosition(position)}`,
}
