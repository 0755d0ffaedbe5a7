import {
  type Batch,
  CdcError,
  type Change,
  type ConfiguredSink,
  isRowChange,
  type Row,
  type Sink,
  type Table,
} from '@cdc/core'
import {
  Faults,
  keyOf,
  MemoryStore,
  memorySink,
  type SinkAbilities,
  type SinkFixture,
  type sinkLaws,
} from '../../src/index.ts'

type Options = Omit<Parameters<typeof memorySink>[0], 'store' | 'faults'>
/** What a twin may lay its hands on. */
interface Parts {
  readonly sink: Sink
  readonly store: MemoryStore
  /** Is the target stalled? */
  readonly stalled: () => boolean
  /** Rows that the twin has lost after they were durable. */
  readonly lost: Set<string>
}
export interface SinkTwin {
  readonly breaks: keyof typeof sinkLaws
  /** Laws that cannot be kept when this one is broken. */
  readonly also?: readonly (keyof typeof sinkLaws)[]
  readonly does: string
  readonly options?: Options
  readonly can?: SinkAbilities
  /** What it declares of itself beside what its options say. */
  readonly declares?: Partial<ConfiguredSink['capabilities']>
  /** What the suite is told: defaults to what it declares. */
  readonly told?: Partial<ConfiguredSink['capabilities']>
  readonly twist?: (parts: Parts) => Partial<Sink>
}

const batchWith = (batch: Batch, changes: readonly Change[]): Batch => ({ ...batch, changes })
/** Rewrites what is written. */
const rewriting =
  (rewrite: (changes: readonly Change[], batch: Batch) => readonly Change[]) =>
  ({ sink }: Parts): Partial<Sink> => ({
    write: (batch, signal) => sink.write(batchWith(batch, rewrite(batch.changes, batch)), signal),
  })
const nulls = (row: Row): Row => Array.from(row, (cell) => (cell === undefined ? null : cell))
const keyChanged = (change: Change) =>
  change.kind === 'update' &&
  change.before !== undefined &&
  keyOf(change.before, change.table.key) !== keyOf(change.after, change.table.key)
const transactions = (changes: readonly Change[]) => new Set(changes.map(({ origin }) => origin.transaction)).size

export const sinkTwins: readonly SinkTwin[] = [
  {
    breaks: 'SINK-DECLARED',
    does: 'declares less than it can',
    told: { wholeRows: false },
    declares: { wholeRows: true },
  },
  {
    breaks: 'SINK-FLUSH-DURABLE',
    does: 'loses at close what the last flush of several batches wrote',
    twist({ sink, lost }) {
      let [pending, last]: [Batch[], Batch[]] = [[], []]
      return {
        write(batch, signal) {
          if (batch.position !== undefined) pending.push(batch)
          return sink.write(batch, signal)
        },
        flush(position, signal) {
          ;[pending, last] = [[], pending]
          return sink.flush(position, signal)
        },
        close() {
          const rows = last.length < 2 ? [] : last.flatMap(({ changes }) => changes).filter(isRowChange)
          for (const change of rows) if ('after' in change) lost.add(keyOf(change.after, change.table.key))
          return sink.close()
        },
      }
    },
  },
  {
    breaks: 'SINK-POSITION',
    does: 'stores the position of the last write when it is closed',
    twist({ sink, store }) {
      let written: string | undefined
      let sound = true
      return {
        async write(batch, signal) {
          try {
            await sink.write(batch, signal)
            written = batch.position ?? written
          } catch (error) {
            sound = false
            throw error
          }
        },
        async flush(position, signal) {
          try {
            await sink.flush(position, signal)
          } catch (error) {
            sound = false
            throw error
          }
        },
        close() {
          if (sound && written !== undefined) store.setPosition('conformance', written)
          return sink.close()
        },
      }
    },
  },
  {
    breaks: 'SINK-REMEMBERS-ATOMIC',
    does: 'makes rows durable when a second batch is written',
    twist({ sink, store }) {
      let waiting: Change[] | undefined
      return {
        async write(batch, signal) {
          await sink.write(batch, signal)
          if (batch.position === undefined) return
          if (waiting !== undefined) store.commit('conformance', waiting)
          waiting = [...batch.changes]
        },
        flush(position, signal) {
          waiting = undefined
          return sink.flush(position, signal)
        },
      }
    },
  },
  {
    breaks: 'SINK-OPEN-HIDDEN',
    does: 'makes an open transaction durable at its second batch',
    twist({ sink, store }) {
      let seen: Change[] = []
      return {
        async write(batch, signal) {
          await sink.write(batch, signal)
          const before = seen
          seen = batch.open === 'transaction' ? [...seen, ...batch.changes] : []
          if (batch.open === 'transaction' && before.length > 0) store.commit('conformance', seen)
        },
      }
    },
  },
  {
    breaks: 'SINK-ATOMIC-TABLES',
    does: 'makes rows of an open table durable early',
    options: { keyless: 'refuse', 'atomic-tables': false },
    declares: { atomicTables: true },
  },
  {
    breaks: 'SINK-EARLY-FLUSH',
    does: 'makes rows without a key durable early',
    options: { 'atomic-tables': false },
    twist({ sink, store }) {
      const events: Change[] = []
      return {
        write(batch, signal) {
          const early =
            batch.open === 'table' ? batch.changes.filter((one) => 'table' in one && one.table.key.length === 0) : []
          events.push(...early)
          return sink.write(
            batchWith(
              batch,
              batch.changes.filter((change) => !early.includes(change)),
            ),
            signal,
          )
        },
        flush(position, signal) {
          store.commit('conformance', events.splice(0))
          return sink.flush(position, signal)
        },
      }
    },
  },
  {
    breaks: 'SINK-EMPTY',
    does: 'fails on a batch without changes',
    twist: rewriting((changes) => {
      if (changes.length === 0) throw new TypeError('There is no first change.')
      return changes
    }),
  },
  {
    breaks: 'SINK-ANY-CUT',
    does: 'loses the last change of a batch of three transactions',
    twist: rewriting((changes) => (transactions(changes) < 3 ? changes : changes.slice(0, -1))),
  },
  {
    breaks: 'SINK-EQUALS-SOURCE',
    does: 'loses changes of a batch that goes on with a transaction in two tables',
    twist({ sink }) {
      let going = false
      return {
        write(batch, signal) {
          const tables = new Set(batch.changes.flatMap((change) => ('table' in change ? [change.table.name] : [])))
          const loses = going && tables.size > 1
          going = batch.open === 'transaction'
          return sink.write(loses ? batchWith(batch, batch.changes.slice(1)) : batch, signal)
        },
      }
    },
  },
  {
    breaks: 'SINK-REDUCTION',
    does: 'loses an insert after a delete of its key in the same batch',
    twist: rewriting((changes) => {
      const deleted = new Set<string>()
      return changes.filter((change) => {
        if (change.kind === 'delete') deleted.add(keyOf(change.before, change.table.key))
        return change.kind !== 'insert' || !deleted.has(keyOf(change.after, change.table.key))
      })
    }),
  },
  {
    breaks: 'SINK-SCHEMA-IDEMPOTENT',
    does: 'fails on a schema that it knows',
    twist({ sink }) {
      const known = new Set<Table>()
      return {
        write(batch, signal) {
          for (const change of batch.changes) {
            if (change.kind !== 'schema') continue
            if (known.has(change.table)) throw new Error('The table exists.')
            known.add(change.table)
          }
          return sink.write(batch, signal)
        },
      }
    },
  },
  {
    breaks: 'SINK-OLD-SHAPE',
    does: 'drops the columns that a replayed shape lacks',
    twist({ sink, store }) {
      return {
        async write(batch, signal) {
          await sink.write(batch, signal)
          const [first] = batch.changes
          if (first?.kind !== 'schema' || store.columns('public.testkit_evolving').length <= first.table.columns.length)
            return
          if (first.table.name !== 'testkit_evolving') return
          const wide: Table = {
            ...first.table,
            columns: [...first.table.columns, { name: 'b', type: { kind: 'string' }, native: 'text' }],
          }
          const rows = store.rows(wide).map((row) => nulls(row.with(-1, null)))
          const { origin } = first
          store.commit(
            'conformance',
            rows.map((after) => ({ kind: 'insert', table: wide, after, origin })),
          )
        },
      }
    },
  },
  {
    breaks: 'SINK-UNDEFINED-KEEPS',
    does: 'takes a cell that was not sent for null',
    twist: rewriting((changes) =>
      changes.map((change) => (change.kind === 'update' ? { ...change, after: nulls(change.after) } : change)),
    ),
  },
  {
    breaks: 'SINK-UPSERT',
    does: 'takes the first column of a key for the key',
    twist: rewriting((changes) =>
      changes.map((change) =>
        'table' in change ? { ...change, table: { ...change.table, key: change.table.key.slice(0, 1) } } : change,
      ),
    ),
  },
  {
    breaks: 'SINK-DELETE',
    does: 'ignores deletes',
    twist: rewriting((changes) => changes.filter(({ kind }) => kind !== 'delete')),
  },
  {
    breaks: 'SINK-KEY-CHANGE',
    does: 'leaves the row under its old key, when nothing else happens in the transaction',
    twist: rewriting((changes) => {
      const [change] = changes
      const alone = changes.length === 1 && change?.kind === 'update' && change.table.name === 'testkit_items'
      if (!alone || !keyChanged(change) || change.after.includes(undefined)) return changes
      return [{ kind: 'insert', table: change.table, after: change.after, origin: change.origin }]
    }),
  },
  {
    breaks: 'SINK-KEY-SWAP',
    does: 'turns three changes of keys in one transaction around',
    twist: rewriting((changes) => {
      const moves = changes.filter(
        (change) => keyChanged(change) && 'table' in change && change.table.name === 'testkit_items',
      )
      return moves.length === 3 && changes.length === 3 ? changes.toReversed() : changes
    }),
  },
  {
    breaks: 'SINK-TRUNCATE',
    does: 'ignores truncates',
    twist: rewriting((changes) => changes.filter(({ kind }) => kind !== 'truncate')),
  },
  {
    breaks: 'SINK-KEYLESS',
    does: 'takes equal rows for one',
    twist({ sink }) {
      const seen = new Set<string>()
      return rewriting((changes) =>
        changes.filter((change) => {
          if (change.kind !== 'insert' || change.table.key.length > 0) return true
          const row = keyOf(change.after, [0, 1])
          const known = seen.has(row)
          seen.add(row)
          return !known
        }),
      )({ sink } as Parts)
    },
  },
  {
    breaks: 'SINK-KEYLESS',
    does: 'takes a table without a key although it declares that it refuses',
    declares: { keyless: 'refuse' },
  },
  {
    breaks: 'SINK-VALUES',
    does: 'takes an empty text for null',
    twist: rewriting((changes) =>
      changes.map((change) =>
        change.kind === 'insert'
          ? { ...change, after: change.after.map((cell) => (cell === '' ? null : cell)) }
          : change,
      ),
    ),
  },
  {
    breaks: 'SINK-REPLAY',
    does: 'fails on an insert of a row that is there',
    options: { remembers: false },
    twist: ({ sink, store }) => ({
      write(batch, signal) {
        const gone = new Set<string>()
        for (const change of batch.changes) {
          if (change.kind === 'truncate') return sink.write(batch, signal)
          if (!isRowChange(change) || change.table.key.length === 0) continue
          const place = (row: Row) => `${change.table.name} ${keyOf(row, change.table.key)}`
          if ('before' in change && change.before !== undefined) gone.add(place(change.before))
          if (change.kind !== 'insert' || gone.has(place(change.after))) continue
          if (store.rows(change.table).some((row) => place(row) === place(change.after)))
            throw new Error('Duplicate key.')
        }
        return sink.write(batch, signal)
      },
    }),
  },
  {
    breaks: 'SINK-LARGE-BATCH',
    does: 'takes the first thousand changes of a batch',
    twist: rewriting((changes) => changes.slice(0, 1000)),
  },
  {
    breaks: 'SINK-ABORT',
    does: 'waits for ever when its signal has aborted',
    twist: ({ sink }) => ({
      write: (batch, signal) => (signal.aborted ? new Promise(() => undefined) : sink.write(batch, signal)),
    }),
  },
  {
    breaks: 'SINK-CLOSE-AFTER-THROW',
    does: 'fails to close after a write that failed',
    twist({ sink }) {
      let failed = false
      return {
        async write(batch, signal) {
          try {
            await sink.write(batch, signal)
          } catch (error) {
            failed = !signal.aborted
            throw error
          }
        },
        close: () => (failed ? Promise.reject(new Error('It is broken.')) : sink.close()),
      }
    },
  },
  {
    breaks: 'SINK-LOST-CONNECTION',
    does: 'swallows the loss of its connection in flush',
    can: { cut: true },
    twist: ({ sink }) => ({
      async flush(position, signal) {
        try {
          await sink.flush(position, signal)
        } catch (error) {
          if (!CdcError.is(error) || error.kind !== 'connection') throw error
        }
      },
    }),
  },
  {
    breaks: 'SINK-ONE-WRITER',
    does: 'writes over what another instance wrote',
    twist({ sink, store }) {
      let pending: Change[] = []
      return {
        async write(batch, signal) {
          pending.push(...batch.changes)
          await sink.write(batch, signal)
        },
        async flush(position, signal) {
          try {
            await sink.flush(position, signal)
          } catch (error) {
            if (!CdcError.is(error) || error.kind !== 'conflict') throw error
            store.commit('conformance', pending, position)
          }
          if (position !== undefined) pending = []
        },
      }
    },
  },
  {
    breaks: 'SINK-BACK-PRESSURE',
    does: 'takes everything while its target takes nothing',
    can: { stall: true },
    twist({ sink, stalled }) {
      const held: Batch[] = []
      const catchUp = async (signal: AbortSignal) => {
        for (const batch of held.splice(0)) await sink.write(batch, signal)
      }
      return {
        async write(batch, signal) {
          if (stalled()) held.push(batch)
          else {
            await catchUp(signal)
            await sink.write(batch, signal)
          }
        },
        async flush(position, signal) {
          if (stalled()) return
          await catchUp(signal)
          await sink.flush(position, signal)
        },
      }
    },
  },
]

/** What a twin declares. */
export function capabilitiesOf({ options = {}, declares }: SinkTwin): ConfiguredSink['capabilities'] {
  return { ...memorySink({ store: new MemoryStore(), ...options }).capabilities, ...declares }
}

/** A fresh target with the twin before it; without a twist, the right sink. */
export function sinkFixture(twin: SinkTwin): SinkFixture {
  const [store, faults, lost] = [new MemoryStore(), new Faults(), new Set<string>()]
  let isStalled = false
  const right = memorySink({ store, faults, ...twin.options })
  const sink: ConfiguredSink = {
    ...right,
    capabilities: capabilitiesOf(twin),
    create(context) {
      const made = right.create(context)
      const own = twin.twist?.({ sink: made, store, lost, stalled: () => isStalled }) ?? {}
      return {
        open: own.open ?? (() => made.open()),
        ...(made.position === undefined ? {} : { position: () => made.position!() }),
        write: own.write ?? ((batch, signal) => made.write(batch, signal)),
        flush: own.flush ?? ((position, signal) => made.flush(position, signal)),
        close: own.close ?? (() => made.close()),
      }
    },
  }
  return {
    sink,
    rows: async (table) => store.rows(table).filter((row) => !lost.has(keyOf(row, table.key)) || lost.size === 0),
    cut: async () => store.cut(),
    async stall() {
      isStalled = true
      const hang = faults.add({ at: 'flush', hang: true })
      return async () => {
        isStalled = false
        hang.release()
      }
    },
  }
}
