import {
  type Batch,
  CdcError,
  type Change,
  type ConfiguredSource,
  isRowChange,
  type Position,
  type Source,
} from '@cdc/core'
import { MemoryDatabase, memorySource, type SourceFixture, type sourceLaws } from '../../src/index.ts'

interface Reading {
  readonly after: Position | undefined
  readonly signal: AbortSignal
  readonly overlap: boolean
  readonly source: Source
}

export interface SourceTwin {
  readonly breaks: keyof typeof sourceLaws
  /** Laws that cannot be kept when this one is broken in this way. */
  readonly also?: readonly (keyof typeof sourceLaws)[]
  readonly does: string
  /** Rewrites each change that is read; undefined leaves it out. `again`: is it read after a position? */
  readonly change?: (change: Change, reading: Reading) => Change | undefined
  /** Wraps what is read. */
  readonly read?: (reading: Reading) => AsyncIterable<Batch>
  /** Wraps one instance. */
  readonly twist?: (source: Source) => Partial<Source>
  /** Wraps what is configured. */
  readonly configure?: (source: ConfiguredSource) => ConfiguredSource
}

const read = ({ source, after, signal, overlap }: Reading) => source.read(after, signal, { overlap })
const streamed = ({ origin }: Change) => origin.snapshot === undefined
const ofTable = (change: Change, name: string) => 'table' in change && change.table.name === `testkit_${name}`

/** Rewrites the cells of the new row. */
function cells(change: Change, rewrite: (cell: unknown) => unknown): Change {
  if (!isRowChange(change)) return change
  const row = (cells_: readonly unknown[]) =>
    cells_.map(rewrite) as typeof change extends { after: infer R } ? R : never[]
  const before = 'before' in change && change.before !== undefined ? { before: row(change.before) } : {}
  const after = 'after' in change ? { after: row(change.after) } : {}
  return { ...change, ...before, ...after } as Change
}

export const sourceTwins: readonly SourceTwin[] = [
  {
    breaks: 'SOURCE-SCHEMA-FIRST',
    does: 'leaves schemas out after a restart',
    change: (change, { after }) =>
      after !== undefined && change.kind === 'schema' && ofTable(change, 'pairs') ? undefined : change,
  },
  {
    breaks: 'SOURCE-SCHEMA-PREVIOUS',
    does: 'forgets the shapes of earlier runs',
    change(change) {
      if (change.kind !== 'schema') return change
      const { previous: _, ...rest } = change
      return rest
    },
  },
  {
    breaks: 'SOURCE-BATCH-BOUNDS',
    does: 'cuts batches of several transactions in the middle',
    async *read(reading) {
      for await (const batch of read(reading)) {
        const half = batch.changes.length - 1
        const several = new Set(batch.changes.map(({ origin }) => origin.transaction)).size > 1
        if (several && batch.position !== undefined) {
          yield { changes: batch.changes.slice(0, half), open: 'transaction', bytes: batch.bytes }
          if (reading.signal.aborted) return
          yield { ...batch, changes: batch.changes.slice(half) }
        } else yield batch
      }
    },
  },
  {
    breaks: 'SOURCE-BATCH-LIMITS',
    does: 'gathers a transaction before it gives anything of it',
    async *read(reading) {
      let held: Change[] = []
      for await (const batch of read(reading)) {
        held = [...held, ...batch.changes]
        if (batch.open === 'transaction') continue
        yield { ...batch, changes: held }
        held = []
      }
    },
  },
  {
    breaks: 'SOURCE-BATCH-LIMITS',
    does: 'gives a transaction in one batch and says that it is small',
    async *read(reading) {
      let held: Change[] = []
      for await (const batch of read(reading)) {
        held = [...held, ...batch.changes]
        if (batch.open === 'transaction') continue
        yield { ...batch, changes: held, bytes: 1 }
        held = []
      }
    },
  },
  {
    breaks: 'SOURCE-POSITION-TEXT',
    does: 'ends positions with a zero byte',
    configure(source) {
      const [bare, full] = [(position: Position) => position.replace('\0', ''), (position: Position) => `${position}\0`]
      const rules = source.positions
      return {
        ...source,
        positions: {
          compare: (a, b) => rules.compare(bare(a), bare(b)),
          lowest: (positions) => full(rules.lowest(positions.map(bare))),
          contains: (position, exact) => rules.contains(bare(position), exact),
          settled: (position) => rules.settled(bare(position)),
          merge: (a, b) => full(rules.merge(bare(a), bare(b))),
          describe: (position) => rules.describe(bare(position)),
        },
        create(context) {
          const made = source.create(context)
          return {
            open: () => made.open(),
            async *read(after, signal, options) {
              for await (const batch of made.read(after === undefined ? after : bare(after), signal, options))
                yield batch.position === undefined ? batch : { ...batch, position: full(batch.position) }
            },
            acknowledge: (position) => made.acknowledge(bare(position)),
            close: () => made.close(),
          }
        },
      }
    },
  },
  {
    breaks: 'SOURCE-POSITION-ORDER',
    does: 'takes the own position for the merged one',
    configure: (source) => ({ ...source, positions: { ...source.positions, merge: (own) => own } }),
  },
  {
    breaks: 'SOURCE-POSITION-ORDER',
    does: 'takes the first position for the lowest one',
    configure: (source) => ({ ...source, positions: { ...source.positions, lowest: ([first]) => first! } }),
  },
  {
    breaks: 'SOURCE-POSITION-RESUME',
    does: 'loses updates after a restart',
    change: (change, { after }) =>
      after !== undefined && change.kind === 'update' && ofTable(change, 'pairs') ? undefined : change,
  },
  {
    breaks: 'SOURCE-POSITION-RESUME',
    does: 'gives deletes twice after a restart',
    async *read(reading) {
      for await (const batch of read(reading)) {
        if (reading.after === undefined) yield batch
        else {
          const twice = batch.changes.flatMap((one) =>
            one.kind === 'delete' && ofTable(one, 'pairs') ? [one, one] : [one],
          )
          yield { ...batch, changes: twice }
        }
      }
    },
  },
  {
    breaks: 'SOURCE-FOREIGN-POSITION',
    does: 'starts over when it cannot read its position',
    async *read(reading) {
      try {
        yield* read(reading)
      } catch (error) {
        if (!CdcError.is(error) || error.code !== 'MEMORY_POSITION_INVALID') throw error
        yield { changes: [], position: 'anything', bytes: 0 }
      }
    },
  },
  {
    breaks: 'SOURCE-HISTORY-LOST',
    does: 'goes on at the beginning of the log that is left',
    async *read(reading) {
      try {
        yield* read(reading)
      } catch (error) {
        if (!CdcError.is(error) || error.kind !== 'history-lost') throw error
        yield { changes: [], position: reading.after!, bytes: 0 }
      }
    },
  },
  {
    breaks: 'SOURCE-EVERY-CHANGE',
    does: 'gives other texts than were written',
    change: (change) =>
      cells(change, (cell) => (typeof cell === 'string' && cell.startsWith('text ') ? cell.toUpperCase() : cell)),
  },
  {
    breaks: 'SOURCE-TRANSACTION-ORDER',
    does: 'gives every change the same ordinal',
    change: (change) => (streamed(change) ? { ...change, origin: { ...change.origin, order: 0 } } : change),
  },
  {
    breaks: 'SOURCE-TRANSACTION-SHARED',
    does: 'makes a transaction object for each change',
    change: (change) => ({ ...change, origin: { ...change.origin, transaction: { ...change.origin.transaction } } }),
  },
  {
    breaks: 'SOURCE-CHANGELOG-MODE',
    does: 'leaves old rows out although it declares retract',
    change(change) {
      if (change.kind !== 'update' || !ofTable(change, 'items') || change.before?.[0] !== change.after[0]) return change
      const { before: _, ...rest } = change
      return rest
    },
  },
  {
    breaks: 'SOURCE-UNDEFINED-IS-NOT-NULL',
    does: 'gives null for what is not in the replica identity',
    change: (change) =>
      change.kind === 'delete' ? { ...change, before: Array.from(change.before, (cell) => cell ?? null) } : change,
  },
  {
    breaks: 'SOURCE-VALUES',
    does: 'gives a number for a bigint',
    change: (change) =>
      ofTable(change, 'wide') ? cells(change, (cell) => (typeof cell === 'bigint' ? Number(cell) : cell)) : change,
  },
  {
    breaks: 'SOURCE-SNAPSHOT-VALUES',
    does: 'trims texts in the snapshot',
    change: (change) =>
      ofTable(change, 'wide') && !streamed(change)
        ? cells(change, (cell) => (typeof cell === 'string' ? cell.trim() : cell))
        : change,
  },
  {
    breaks: 'SOURCE-SNAPSHOT-MARKS',
    does: 'marks every row of the snapshot as the first',
    change: (change) => (streamed(change) ? change : { ...change, origin: { ...change.origin, snapshot: 'first' } }),
  },
  {
    breaks: 'SOURCE-OVERLAP',
    does: 'leaves out what is in the snapshot although it was asked not to',
    read: ({ source, after, signal }) => source.read(after, signal),
  },
  {
    breaks: 'SOURCE-OVERLAP',
    also: ['SOURCE-POSITION-RESUME'],
    does: 'gives what is in the snapshot although nobody asked',
    read: ({ source, after, signal }) => source.read(after, signal, { overlap: true }),
  },
  {
    breaks: 'SOURCE-KEEPALIVE',
    does: 'says nothing while nothing happens',
    async *read(reading) {
      for await (const batch of read(reading)) if (batch.changes.length > 0) yield batch
    },
  },
  {
    breaks: 'SOURCE-WANTS',
    does: 'never gives the bounds of transactions',
    configure: (source) => ({
      ...source,
      create: (context) => source.create({ ...context, wants: { message: false, transaction: false } }),
    }),
  },
  {
    breaks: 'SOURCE-ACKNOWLEDGE',
    does: 'acknowledges nothing until it is closed',
    twist: () => ({ acknowledge: () => new Promise(() => undefined) }),
  },
  {
    breaks: 'SOURCE-ABORT',
    does: 'throws when it is stopped while it waits',
    async *read(reading) {
      const batches = read(reading)[Symbol.asyncIterator]()
      try {
        for (;;) {
          const before = reading.signal.aborted
          const { value, done } = await batches.next()
          if (done && !before && reading.signal.aborted) throw reading.signal.reason
          if (done) return
          yield value
        }
      } finally {
        await batches.return?.()
      }
    },
  },
  {
    breaks: 'SOURCE-SILENT-AFTER-ABORT',
    does: 'gives what it has read ahead',
    async *read(reading) {
      const batches = read(reading)[Symbol.asyncIterator]()
      let ahead = batches.next()
      try {
        for (;;) {
          const { value, done } = await ahead
          if (done) return
          ahead = batches.next()
          ahead.catch(() => undefined)
          yield value
        }
      } finally {
        await batches.return?.()
      }
    },
  },
  {
    breaks: 'SOURCE-READ-AGAIN',
    does: 'remembers what it has given once',
    twist(source) {
      const given = new Set<string>()
      return {
        async *read(after, signal, options) {
          for await (const batch of source.read(after, signal, options)) {
            const fresh = batch.changes.filter((change) => {
              const { transaction, order } = change.origin
              const name = `${transaction.commit} ${order}`
              if (!isRowChange(change) || !streamed(change) || !ofTable(change, 'items')) return true
              const known = given.has(name)
              given.add(name)
              return !known
            })
            yield { ...batch, changes: fresh }
          }
        },
      }
    },
  },
  {
    breaks: 'SOURCE-CLOSE',
    does: 'fails to close after a throw',
    twist(source) {
      let failed = false
      return {
        async *read(after, signal, options) {
          try {
            yield* source.read(after, signal, options)
          } catch (error) {
            failed = true
            throw error
          }
        },
        close: () => (failed ? Promise.reject(new Error('It is broken.')) : source.close()),
      }
    },
  },
]

/** A fresh database with the twin before it; without a fault, the right source. */
export function sourceFixture(
  twin: Partial<SourceTwin>,
  tables: Parameters<MemoryDatabase['create']>[0][],
): SourceFixture {
  const database = new MemoryDatabase()
  for (const table of tables) database.create(table)
  const right = memorySource({ database })
  const twisted: ConfiguredSource = { ...right, create: (context) => instance(twin, right.create(context)) }
  return {
    source: twin.configure?.(right) ?? twisted,
    commit: async (edits) => void database.commit(...edits),
    alter: async (_, table) => void database.commit({ kind: 'schema', table }),
    idle: async () => database.idle(),
    loseHistory: async () => database.advance('memory', database.head),
  }
}

function instance(twin: Partial<SourceTwin>, source: Source): Source {
  const own = twin.twist?.(source) ?? {}
  return {
    open: () => source.open(),
    acknowledge: own.acknowledge ?? ((position) => source.acknowledge(position)),
    close: own.close ?? (() => source.close()),
    async *read(after, signal, options) {
      const reading: Reading = { after, signal, overlap: options?.overlap ?? false, source }
      const batches = own.read?.(after, signal, options) ?? twin.read?.(reading) ?? read(reading)
      if (twin.change === undefined) yield* batches
      else {
        for await (const batch of batches)
          yield { ...batch, changes: batch.changes.flatMap((change) => twin.change!(change, reading) ?? []) }
      }
    },
  }
}
