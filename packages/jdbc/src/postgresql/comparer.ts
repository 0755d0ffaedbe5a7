import type {
  ComparedTable,
  Digest,
  KeyRange,
  KeyText,
  Position,
  RowChange,
  RowDigest,
  RowTexts,
  SinkComparer,
  SinkContext,
  Table,
} from '@cdc/core'
import { CompareSql, type CompareStatement } from '@cdc/pg-replication'
import { error } from '../errors.ts'
import type { JdbcOptions } from '../options.ts'
import { connectionSettings } from '../settings.ts'
import { targetName } from '../table-name.ts'
import { readTarget, type Target } from './catalog.ts'
import { Connection } from './connection.ts'
import type { PositionKeeper } from './position-keeper.ts'
import { Segment } from './segment.ts'
import { translate } from './server-error.ts'
import { SetPath } from './set-path.ts'
import { positionStore } from './sink.ts'
import { TableWriter } from './table-writer.ts'

/** The target's side of `cdc verify`. */
export class PostgresComparer implements SinkComparer {
  readonly #connection: Connection
  readonly #options: JdbcOptions
  readonly #store: PositionKeeper
  readonly #types = new Map<Table, ReadonlyMap<string, string>>()
  readonly #targets = new Map<Table, Target>()

  private constructor(connection: Connection, options: JdbcOptions, context: SinkContext) {
    this.#connection = connection
    this.#options = options
    this.#store = positionStore(options, context, connection)
  }

  static async open(options: JdbcOptions, context: SinkContext): Promise<PostgresComparer> {
    const connection = await Connection.open(connectionSettings(options))
    return new PostgresComparer(connection, options, context)
  }

  async columns(table: Table): Promise<ReadonlyMap<string, string> | undefined> {
    return this.#asking(async () => {
      const { schema, name } = targetName(this.#options['table-name'], table)
      const target = await readTarget(this.#connection, schema ?? this.#connection.currentSchema ?? 'public', name)
      if (target === undefined) return undefined
      const rows = await this.#connection.query(
        'SELECT attname, format_type(atttypid, -1) FROM pg_catalog.pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped',
        [target.oid],
      )
      const types = new Map(rows.map(([column, type]) => [column!, type!]))
      this.#targets.set(table, target)
      this.#types.set(table, types)
      return types
    })
  }

  async bounds(table: ComparedTable, rows: number): Promise<readonly KeyText[]> {
    return (await this.#run(this.#sql(table).bounds(rows))) as KeyText[]
  }

  async digest(table: ComparedTable, range: KeyRange): Promise<Digest> {
    const [[rows, checksum] = []] = await this.#run(this.#sql(table).digest(range))
    return { rows: Number(rows), checksum: checksum! }
  }

  async digests(table: ComparedTable, range: KeyRange): Promise<readonly RowDigest[]> {
    return rowDigests(await this.#run(this.#sql(table).digests(range)))
  }

  async digestsOf(table: ComparedTable, keys: readonly KeyText[]): Promise<readonly RowDigest[]> {
    return rowDigests(await this.#run(this.#sql(table).digestsOf(keys)))
  }

  async textsOf(table: ComparedTable, keys: readonly KeyText[]): Promise<readonly RowTexts[]> {
    const width = table.key.length
    const rows = await this.#run(this.#sql(table).rowsOf(keys))
    return rows.map((row) => ({ key: row.slice(0, width) as string[], cells: row.slice(width) }))
  }

  position(): Promise<Position | undefined> {
    return this.#asking(() => this.#store.peek(this.#connection))
  }

  async repair(
    table: Table,
    changes: readonly RowChange[],
    confirm: (position: Position) => Promise<boolean>,
  ): Promise<boolean> {
    return this.#asking(async () => {
      await this.#connection.query('BEGIN')
      try {
        const position = await this.#store.hold(this.#connection)
        if (position === undefined)
          throw error('POSITION_TABLE', {
            message: 'The sink has no position at the target, so what is repaired could be written once more by a run.',
            hint: 'Run the pipeline once.',
          })
        const confirmed = await confirm(position)
        if (confirmed) {
          const writer = new TableWriter(table, this.#targets.get(table)!)
          const segment = new Segment()
          for (const change of changes) {
            if (change.kind === 'insert') segment.merge(writer, change)
            else segment.add(writer, change)
          }
          await segment.apply(this.#connection, new SetPath(this.#connection))
        }
        await this.#connection.query(confirmed ? 'COMMIT' : 'ROLLBACK')
        return confirmed
      } catch (cause) {
        this.#connection.destroy()
        throw cause
      }
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #sql(table: ComparedTable): CompareSql {
    return new CompareSql(this.#targets.get(table.table)!.sql, table, this.#types.get(table.table)!)
  }

  #run({ sql, params }: CompareStatement): Promise<(string | null)[][]> {
    return this.#asking(() => this.#connection.query(sql, params))
  }

  async #asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw translate(cause, 'comparing rows')
    }
  }
}

const rowDigests = (rows: readonly (string | null)[][]): RowDigest[] =>
  rows.map((row) => ({ key: row.slice(0, -1) as string[], checksum: row.at(-1)! }))
