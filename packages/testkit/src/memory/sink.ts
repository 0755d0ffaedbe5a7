import {
  type Batch,
  type Change,
  choice,
  defineOptions,
  defineSink,
  flag,
  isRowChange,
  isTableChange,
  type OptionValues,
  option,
  type Position,
  type Row,
  type Sink,
  type SinkContext,
  type SinkDefinition,
  tableName,
} from '@cdc/core'
import { z } from 'zod'
import { testkitError } from '../errors.ts'
import { Faults } from '../faults.ts'
import { Journal } from '../journal.ts'
import { Caller } from './caller.ts'
import { MemoryStore } from './store.ts'

const options = defineOptions({
  store: option(z.instanceof(MemoryStore), { doc: 'Where rows and position are kept.', required: true }, 'MemoryStore'),
  faults: option(z.instanceof(Faults), { doc: 'Faults to run into.' }, 'Faults'),
  journal: option(z.instanceof(Journal), { doc: 'Where calls are written down.' }, 'Journal'),
  accepts: choice(['append', 'upsert', 'retract'], { doc: 'What it takes.', default: 'retract' }),
  remembers: flag({ doc: 'Keep the position with the rows.', default: true }),
  'atomic-tables': flag({ doc: 'Leave no trace of an unfinished table.', default: true }),
  'whole-rows': flag({ doc: 'Refuse rows that lack a cell.', default: false }),
  keyless: choice(['refuse', 'append'], { doc: 'What to do with tables without a key.', default: 'append' }),
  'takes-messages': flag({ doc: 'Take logical messages.', default: false }),
  'takes-transactions': flag({ doc: 'Take the bounds of transactions.', default: false }),
  'write-through': flag({
    doc: 'Make rows durable at once in write. Only where it remembers nothing.',
    default: false,
  }),
})
type Values = OptionValues<typeof options.fields>

/**
 * A sink that writes to a `MemoryStore`, in the flavour that its options say. It also watches its caller, and throws
 * TESTKIT_CALLER when that one breaks the contract.
 */
export const memorySink: SinkDefinition<typeof options.fields> = defineSink({
  name: 'memory',
  description: 'Writes to a store in memory. For tests.',
  options,
  capabilities: (values) => ({
    accepts: values.accepts,
    remembers: values.remembers,
    atomicTables: values['atomic-tables'],
    wholeRows: values['whole-rows'],
    keyless: values.keyless,
    createsTables: true,
    takes: [
      ...(values['takes-messages'] ? (['message'] as const) : []),
      ...(values['takes-transactions'] ? (['transaction'] as const) : []),
    ],
  }),
  create: (values, context) => new MemorySink(values, context),
})

const instances = new WeakMap<MemoryStore, Map<string, number>>()

class MemorySink implements Sink {
  readonly #values: Values
  readonly #store: MemoryStore
  readonly #name: string
  readonly #faults: Faults
  readonly #journal: Journal
  readonly #caller: Caller
  readonly #instance: number
  #epoch = 0
  #pending: Change[] = []
  #open: Batch['open']
  #remembered: Position | undefined
  #written = false
  #asked = false
  /** Tables whose shape has come. */
  readonly #shaped = new Set<string>()

  constructor(values: Values, context: SinkContext) {
    this.#values = values
    this.#store = values.store
    this.#name = context.sink
    this.#faults = values.faults ?? new Faults()
    this.#journal = values.journal ?? new Journal()
    this.#caller = new Caller(`memory sink ${context.sink}`)
    const known = instances.get(values.store) ?? new Map<string, number>()
    this.#instance = (known.get(context.sink) ?? 0) + 1
    instances.set(values.store, known.set(context.sink, this.#instance))
  }

  open(): Promise<void> {
    return this.#call('open', {}, undefined, () => {
      this.#epoch = this.#store.epoch
      this.#remembered = this.#store.position(this.#name)
    })
  }

  position(): Promise<Position | undefined> {
    return this.#call('position', {}, undefined, () => {
      if (!this.#values.remembers) this.#caller.refuse('position was asked of a sink that remembers nothing')
      if (this.#asked) this.#caller.refuse('position was asked twice')
      if (this.#written) this.#caller.refuse('position was asked after a write')
      this.#asked = true
      return this.#remembered
    })
  }

  write(batch: Batch, signal: AbortSignal): Promise<void> {
    const place = batch.position === undefined ? {} : { position: batch.position }
    return this.#call('write', { ...place, changes: batch.changes.length }, signal, () => {
      if (signal.aborted) throw signal.reason
      if (this.#values.remembers && !this.#asked) this.#caller.refuse('write came before position was asked')
      if (batch.position === undefined && batch.open === undefined)
        this.#caller.refuse('a batch had neither a position nor an open transaction or table')
      this.#written = true
      for (const change of batch.changes) this.#check(change)
      this.#open = batch.position === undefined ? batch.open : undefined
      if (this.#values['write-through']) this.#store.commit(this.#name, batch.changes)
      else for (const change of batch.changes) this.#pending.push(change)
    })
  }

  flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    return this.#call('flush', position === undefined ? {} : { position }, signal, () => {
      if (signal.aborted) throw signal.reason
      if (this.#open === 'transaction') this.#caller.refuse('flush was called while a transaction is open')
      if (this.#open === 'table' && position !== undefined)
        this.#caller.refuse('flush had a position while a snapshot table is open')
      if (position === undefined) this.#flushEarly()
      else this.#flushAt(position)
    })
  }

  close(): Promise<void> {
    return this.#call('close', {}, undefined, () => {
      this.#pending = []
    })
  }

  #flushAt(position: Position): void {
    const { remembers } = this.#values
    if (remembers && this.#store.position(this.#name) !== this.#remembered) {
      throw testkitError('MEMORY_CONFLICT', {
        message: 'The stored position is not the one that this instance last wrote.',
        where: { sink: this.#name },
      })
    }
    if (remembers) this.#remembered = position
    if (this.#pending.length > 0 || remembers)
      this.#store.commit(this.#name, this.#pending, remembers ? position : undefined)
    this.#pending = []
  }

  /** A table is still open: what may be repeated becomes durable, the rest waits for the table's end. */
  #flushEarly(): void {
    if (this.#values['atomic-tables']) return
    const waits = (change: Change) => isTableChange(change) && change.table.key.length === 0
    const now = this.#pending.filter((change) => !waits(change))
    this.#pending = this.#pending.filter(waits)
    if (now.length > 0) this.#store.commit(this.#name, now)
  }

  #check(change: Change): void {
    const { accepts, keyless } = this.#values
    if (change.kind === 'message' && !this.#values['takes-messages']) this.#caller.refuse('it was given a message')
    if ((change.kind === 'begin' || change.kind === 'commit') && !this.#values['takes-transactions'])
      this.#caller.refuse('it was given the bounds of a transaction')
    if (!isTableChange(change)) return
    const where = { sink: this.#name, table: tableName(change.table) }
    if (change.kind === 'schema') this.#shaped.add(where.table)
    else if (!this.#shaped.has(where.table))
      this.#caller.refuse(`a ${change.kind} of ${where.table} came before its shape`)
    if (keyless === 'refuse' && change.table.key.length === 0)
      throw testkitError('MEMORY_KEYLESS', { message: `Table ${where.table} has no key.`, where })
    if (accepts === 'append' && (change.kind === 'update' || change.kind === 'delete'))
      throw testkitError('MEMORY_NOT_ACCEPTED', { message: `Table ${where.table} had a ${change.kind}.`, where })
    if (this.#values['whole-rows'] && isRowChange(change) && change.kind !== 'delete' && isPartial(change.after))
      throw testkitError('MEMORY_PARTIAL_ROW', { message: `A row of ${where.table} lacks a cell.`, where })
  }

  async #call<T>(
    name: 'open' | 'position' | 'write' | 'flush' | 'close',
    more: { position?: Position; changes?: number },
    signal: AbortSignal | undefined,
    act: () => T,
  ): Promise<T> {
    const entry = { who: this.#name, instance: this.#instance, call: name, ...more }
    return this.#journal.around(entry, () =>
      this.#caller.call(name, 'sink', () => this.#faults.around(name, () => this.#connected(name, act), signal)),
    )
  }

  #connected<T>(name: string, act: () => T): T {
    if (name !== 'open' && name !== 'close' && this.#epoch !== this.#store.epoch) {
      throw testkitError('MEMORY_LOST_CONNECTION', {
        message: `The connection to the memory store was lost before ${name}.`,
        where: { sink: this.#name },
      })
    }
    return act()
  }
}

/** Array.from's holes count too. */
function isPartial(row: Row): boolean {
  return row.includes(undefined)
}
