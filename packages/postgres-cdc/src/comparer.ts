import type {
  Cell,
  ComparedTable,
  Digest,
  KeyRange,
  KeyText,
  Position,
  Row,
  RowDigest,
  RowTexts,
  SourceComparer,
  Table,
} from '@cdc/core'
import { CompareSql, type CompareStatement, parseLsn, quoteIdentifier, Session, valueParser } from '@cdc/pg-replication'
import type { Environment } from './environment.ts'
import { parsePosition } from './position.ts'

/** A large table is read for a while. Milliseconds. */
const timeout = 6 * 3_600_000

/** The source's side of `cdc verify`. */
export class PostgresComparer implements SourceComparer {
  readonly #session: Session
  readonly #tables = new Map<Table, { readonly from: string; readonly types: ReadonlyMap<string, string> }>()

  private constructor(session: Session) {
    this.#session = session
  }

  static async open({ connection }: Environment): Promise<PostgresComparer> {
    return new PostgresComparer(await Session.open(connection))
  }

  async columns(table: Table): Promise<ReadonlyMap<string, string> | undefined> {
    const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`
    const rows = await this.#session.query(
      `SELECT a.attname::text AS name, pg_catalog.format_type(a.atttypid, -1) AS type, c.relkind::text AS kind
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
       WHERE c.oid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`,
      [name],
    )
    if (rows.length === 0) return undefined
    const types = new Map(rows.map((row) => [row.name!, row.type!]))
    // rows of tables that inherit from it are theirs; those of partitions are its own
    this.#tables.set(table, { from: rows[0]!.kind === 'p' ? name : `ONLY ${name}`, types })
    return types
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

  /** The insert position: a transaction that can be seen may not be written to the log's file yet. */
  async mark(): Promise<(position: Position) => boolean> {
    const [row] = await this.#session.query(
      `SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
         ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text AS lsn`,
    )
    const here = parseLsn(row!.lsn!)
    return (position) => {
      const { lsn, pending, cuts } = parsePosition(position)
      return lsn >= here && pending.size === 0 && cuts.size === 0
    }
  }

  async rowsOf(table: ComparedTable, keys: readonly KeyText[]): Promise<readonly Row[]> {
    const { columns } = table.table
    const parsers = columns.map(({ type }) => valueParser(type))
    const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
    const rows = await this.#run(this.#sql(table).rowsOf(keys, list))
    const width = table.key.length
    return rows.map((row) => row.slice(width).map((text, i): Cell => (text === null ? null : parsers[i]!(text))))
  }

  keyRow({ table, columns, key }: ComparedTable, texts: KeyText): Row {
    const cells: Cell[] = table.columns.map(() => undefined)
    for (const [i, index] of key.entries()) {
      const at = table.columns.findIndex(({ name }) => name === columns[index]!.name)
      const { type } = table.columns[at]!
      // the one type whose text in SQL is not what it prints
      const text = type.kind === 'boolean' ? texts[i]!.charAt(0) : texts[i]!
      cells[at] = valueParser(type)(text)
    }
    return cells
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  #sql(table: ComparedTable): CompareSql {
    const { from, types } = this.#tables.get(table.table)!
    return new CompareSql(from, table, types)
  }

  /** Rows as lists: columns of one name would hide each other. */
  async #run({ sql, params }: CompareStatement): Promise<(string | null)[][]> {
    return this.#session.lists(sql, params, { doing: 'comparing rows', timeout })
  }
}

const rowDigests = (rows: readonly (string | null)[][]): RowDigest[] =>
  rows.map((row) => ({ key: row.slice(0, -1) as string[], checksum: row.at(-1)! }))
