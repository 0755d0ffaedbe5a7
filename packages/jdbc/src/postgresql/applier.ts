import { isDeepStrictEqual } from 'node:util'
import {
  CdcError,
  type Change,
  type Insert,
  isRowChange,
  type SinkContext,
  sameShape,
  type Table,
  type TableChange,
  type Truncate,
  tableName,
} from '@cdc/core'
import { error } from '../errors.ts'
import type { JdbcOptions } from '../options.ts'
import { type TableName, targetName } from '../table-name.ts'
import { readTarget } from './catalog.ts'
import type { Connection } from './connection.ts'
import type { KeptColumns, PositionKeeper, TableRecord } from './position-keeper.ts'
import { prepareTable, renameOf, type TablePolicy } from './prepare-table.ts'
import type { Refusals } from './refusals.ts'
import { Segment } from './segment.ts'
import { SetPath } from './set-path.ts'
import { SnapshotLoad } from './snapshot-load.ts'
import { TableWriter } from './table-writer.ts'
import { TolerantPath } from './tolerant-path.ts'
import { truncate } from './truncate.ts'

/** Applies changes inside of the open transaction: rows in sets, with schema changes, TRUNCATE and snapshots as barriers. */
export class Applier {
  readonly #connection: Connection
  readonly #store: PositionKeeper
  readonly #options: JdbcOptions
  readonly #context: SinkContext
  readonly #sets: SetPath
  readonly #load: SnapshotLoad
  /** Present where changes that the target cannot take are left out. */
  readonly #refusals: Refusals | undefined
  readonly #writers = new Map<string, TableWriter>()
  readonly #byTable = new WeakMap<Table, TableWriter>()
  #segment = new Segment()
  /** Does all that was applied in the open transaction keep the target's deferred constraints? */
  #kept = true

  constructor(
    connection: Connection,
    store: PositionKeeper,
    options: JdbcOptions,
    context: SinkContext,
    refusals: Refusals | undefined,
  ) {
    this.#refusals = refusals
    this.#connection = connection
    this.#store = store
    this.#options = options
    this.#context = context
    this.#sets = new SetPath(connection)
    this.#load = new SnapshotLoad(connection)
  }

  /** The writer of a table of exactly this shape. */
  known(table: Table): TableWriter | undefined {
    const writer = this.#byTable.get(table)
    if (writer !== undefined && !writer.stale) return writer
    const same = this.#writers.get(tableName(table))
    if (same === undefined || !sameShape(same.table, table)) return undefined
    this.#byTable.set(table, same)
    return same
  }

  get #policy(): TablePolicy {
    return {
      create: this.#options['sink.create-tables'] === 'auto',
      evolve: this.#options['sink.schema-evolution'] === 'add-columns',
      shared: this.#context.parts?.shared === true,
    }
  }

  knows(table: Table): boolean {
    return this.known(table) !== undefined
  }

  /** `whole`: they end on a commit, or with a snapshot table. */
  async apply(changes: readonly Change[], whole: boolean): Promise<void> {
    let truncates: Truncate[] = []
    for (const change of changes) {
      if (truncates.length > 0 && change.kind !== 'truncate') {
        await this.#truncate(truncates)
        truncates = []
      }
      if (isRowChange(change)) {
        const writer = this.known(change.table) ?? (await this.#prepare(change, undefined))
        if (change.kind === 'insert' && change.origin.snapshot !== undefined) {
          const wait = this.#loadRow(writer, change)
          if (wait !== undefined) await wait
        } else this.#segment.add(writer, change)
      } else if (change.kind === 'schema') {
        if (!this.knows(change.table)) await this.#prepare(change, change.previous)
      } else if (change.kind === 'truncate') {
        await this.#barrier(change)
        truncates.push(change)
      }
    }
    if (truncates.length > 0) await this.#truncate(truncates)
    await this.#flushSegment(whole)
  }

  /** Ends an open COPY: nothing else can be sent before. */
  endLoad(): Promise<void> {
    return this.#load.end()
  }

  committed(): void {
    this.#kept = true
    this.#sets.transactionEnded()
  }

  /** Tables that were made or altered are as before; staging tables may be gone. */
  rolledBack(): void {
    for (const writer of this.#writers.values()) writer.stale = true
    this.#writers.clear()
    this.#segment = new Segment()
    this.#kept = true
    this.#sets.transactionEnded()
  }

  #loadRow(writer: TableWriter, change: Insert): void | Promise<void> {
    if (this.#load.isOpen(writer)) return this.#load.add(change)
    const mode = this.#load.modeOf(writer)
    if (mode === 'merge') this.#segment.merge(writer, change)
    else if (mode === 'copy' && this.#refusals !== undefined) this.#segment.add(writer, change)
    else return this.#beginLoad(writer, change)
  }

  async #beginLoad(writer: TableWriter, change: Insert): Promise<void> {
    await this.#barrier(change)
    const mode = this.#load.modeOf(writer) ?? (await this.#load.decide(writer, this.#store))
    if (mode === 'merge') return this.#segment.merge(writer, change)
    // one COPY over many batches could not be taken back a row
    if (this.#refusals !== undefined) return this.#segment.add(writer, change)
    this.#load.start(writer)
    await this.#load.add(change)
  }

  /** `next`: the change that needs it. */
  async #barrier(next: Change): Promise<void> {
    await this.#flushSegment(next.origin.transaction !== this.#segment.transaction)
    await this.#load.end()
  }

  async #flushSegment(whole: boolean): Promise<void> {
    if (this.#segment.isEmpty) return
    await this.#load.end()
    const segment = this.#segment
    this.#segment = new Segment()
    if (this.#refusals === undefined) return segment.apply(this.#connection, this.#sets)
    // what was cut may lack a part that mends it: then only COMMIT can tell
    this.#kept &&= whole
    await new TolerantPath(this.#connection, this.#sets, this.#refusals).apply(segment.items, this.#kept)
  }

  async #prepare(change: TableChange, previous: Table | undefined): Promise<TableWriter> {
    const { table } = change
    const label = tableName(table)
    // nothing of a table that is new here waits to be applied, and a transaction is better not cut
    if (this.#writers.has(label)) await this.#barrier(change)
    else await this.#load.end()
    const named = targetName(this.#options['table-name'], table)
    const schema = named.schema ?? this.#connection.currentSchema ?? 'public'
    const name = { schema, name: named.name }
    const { records } = this.#store
    const recorded = Object.hasOwn(records, quoted(name)) ? records[quoted(name)] : undefined
    const kept = this.#before(change, recorded)
    const told = kept === undefined ? (previous ?? this.#writers.get(label)?.table) : undefined
    const before = kept ?? told
    const prepared = await prepareTable(this.#connection, table, name, this.#policy, before, recorded).catch(
      (cause: unknown) => this.#noteRename(cause, { table, name, before, told }),
    )
    const { target, created, table: written } = prepared
    const columns = keptColumns(table)
    if (created || !isDeepStrictEqual(recorded?.columns?.[label], columns))
      this.#store.record(target.sql, {
        ...recorded,
        sources: [...new Set([...(recorded?.sources ?? []), label])],
        ...(created ? { created } : {}),
        columns: { ...recorded?.columns, [label]: columns },
      })
    const writer = new TableWriter(written, target)
    const old = this.#writers.get(label)
    if (old !== undefined) old.stale = true
    this.#writers.set(label, writer)
    this.#byTable.set(table, writer)
    return writer
  }

  /**
   * The shape in which a table was last written, before this life: what the source was last seen with may be newer, or
   * older, than the rows that are here. A snapshot writes the table anew.
   */
  #before({ table, origin }: TableChange, recorded: TableRecord | undefined): Table | undefined {
    const label = tableName(table)
    const columns = recorded?.columns?.[label]
    if (columns === undefined || origin.snapshot !== undefined || this.#writers.has(label)) return undefined
    return withColumns(table, columns)
  }

  /**
   * A person will rename the column at the target, and then changes from before come with its old name: those of this
   * transaction, which is rolled back. So it is kept what the person was asked for.
   */
  async #noteRename(cause: unknown, { table, name, before, told }: Renamed): Promise<never> {
    if (!CdcError.is(cause) || cause.code !== 'COLUMN_RENAMED') throw cause
    const target = (await readTarget(this.#connection, name.schema, name.name))!
    await this.#connection.query('ROLLBACK')
    const record = this.#store.kept[target.sql] ?? { sources: [tableName(table)] }
    const { from, to } = renameOf(table, target, before)!
    const renames = { ...record.renames, [from]: to }
    const kept = await this.#store.recordNow(this.#connection, target.sql, { ...record, renames })
    // a column that this transaction had added is to be there for whoever renames it
    if (kept && told !== undefined) {
      await this.#connection.query('BEGIN')
      await prepareTable(this.#connection, told, name, this.#policy, undefined, record)
      await this.#connection.query('COMMIT')
    }
    throw cause
  }

  async #truncate(changes: readonly Truncate[]): Promise<void> {
    const labels = changes.map(({ table }) => tableName(table)).join(', ')
    const policy = this.#options['sink.truncate']
    if (policy === 'fail') {
      const refused = (names: string, first: Table) =>
        error('TRUNCATE_REFUSED', {
          message: `The source truncated ${names}, and sink.truncate is fail.`,
          where: { table: tableName(first) },
        })
      if (this.#refusals === undefined) throw refused(labels, changes[0]!.table)
      for (const change of changes) await this.#refusals.add(change, refused(tableName(change.table), change.table))
      return
    }
    if (policy === 'skip') {
      this.#context.logger.warn({ tables: labels }, 'TRUNCATE at the source was skipped')
      return this.#context.report({
        type: 'skipped',
        sink: this.#context.sink,
        changes: changes.length,
        reason: 'sink.truncate is skip',
      })
    }
    const targets = []
    for (const change of changes)
      targets.push((this.known(change.table) ?? (await this.#prepare(change, undefined))).target)
    await truncate(this.#connection, targets)
  }
}

interface Renamed {
  readonly table: Table
  readonly name: Required<TableName>
  /** The shape that it was compared with. */
  readonly before: Table | undefined
  /** The same, where the source has told it in this life: this transaction may have added columns of it. */
  readonly told: Table | undefined
}

const keptColumns = ({ columns }: Table): KeptColumns =>
  Object.fromEntries(columns.map(({ name, native }) => [name, native]))

/** The table as it was, as far as its columns' names and types tell. */
function withColumns(table: Table, kept: KeptColumns): Table {
  const columns = Object.entries(kept).map(([name, native]) => {
    const same = table.columns.find((one) => one.name === name)
    return same?.native === native ? same : { name, native, type: { kind: 'other' as const } }
  })
  return { ...table, columns, key: [] }
}

const quoted = ({ schema, name }: { schema: string; name: string }) =>
  `"${schema.replaceAll('"', '""')}"."${name.replaceAll('"', '""')}"`
