import type { ComparedColumn, ComparedTable, KeyRange, KeyText } from '@cdc/core'
import { quoteIdentifier } from './quote.ts'

/** A statement with the texts of its parameters. */
export interface CompareStatement {
  readonly sql: string
  readonly params: readonly string[]
}

/** The SQL by which rows are compared. `from`: the table in FROM. `types`: of its columns by name. */
export class CompareSql {
  readonly #from: string
  readonly #columns: readonly string[]
  readonly #keys: readonly { readonly column: ComparedColumn; readonly type: string }[]

  constructor(from: string, { columns, key }: ComparedTable, types: ReadonlyMap<string, string>) {
    this.#from = from
    this.#columns = columns.map(compared)
    this.#keys = key.map((index) => ({ column: columns[index]!, type: types.get(columns[index]!.name)! }))
  }

  bounds(rows: number): CompareStatement {
    const keys = this.#keys.map(({ column }, i) => `${compared(column)} AS k${i}`).join(', ')
    const names = this.#keys.map((_, i) => `k${i}`).join(', ')
    const order = this.#keys.map(({ column }) => ordered(column)).join(', ')
    return {
      sql: `SELECT ${names} FROM (SELECT ${keys}, row_number() OVER (ORDER BY ${order}) AS n FROM ${this.#from}) AS s WHERE n % ${rows} = 0 ORDER BY n`,
      params: [],
    }
  }

  /** Gives the number of rows, and a checksum that does not depend on their order. */
  digest(range: KeyRange): CompareStatement {
    const { sql, params } = this.#within(range)
    const hash = `('x' || substr(md5(r), 1, 16))::bit(64)::bigint::numeric`
    return {
      sql: `SELECT count(*)::text AS rows, coalesce(sum(${hash}), 0)::text AS checksum FROM (SELECT ${this.#row} AS r FROM ${this.#from}${sql}) AS s`,
      params,
    }
  }

  /** Gives the key's cells, then the row's checksum. */
  digests(range: KeyRange): CompareStatement {
    const { sql, params } = this.#within(range)
    return { sql: `SELECT ${this.#key}, md5(${this.#row}) FROM ${this.#from}${sql}`, params }
  }

  digestsOf(keys: readonly KeyText[]): CompareStatement {
    const { sql, params } = this.#among(keys)
    return { sql: `SELECT ${this.#key}, md5(${this.#row}) FROM ${this.#from}${sql}`, params }
  }

  /** Gives the key's cells, then `list`; without it all columns in their compared form. */
  rowsOf(keys: readonly KeyText[], list = this.#columns.join(', ')): CompareStatement {
    const { sql, params } = this.#among(keys)
    return { sql: `SELECT ${this.#key}, ${list} FROM ${this.#from}${sql}`, params }
  }

  get #key(): string {
    return this.#keys.map(({ column }) => compared(column)).join(', ')
  }

  /** The text of an array quotes its elements, so that no two rows share one. */
  get #row(): string {
    return `ARRAY[${this.#columns.join(', ')}]::text[]::text`
  }

  #within({ after, upTo }: KeyRange): CompareStatement {
    const params: string[] = []
    const bound = (key: KeyText, operator: string) => {
      const left = this.#keys.map(({ column }) => ordered(column)).join(', ')
      const right = this.#keys.map(({ column, type }, i) => {
        params.push(key[i]!)
        return column.order === 'own' ? `$${params.length}::${type}` : `$${params.length}::text COLLATE "C"`
      })
      return `ROW(${left}) ${operator} ROW(${right.join(', ')})`
    }
    const parts = [
      ...(after === undefined ? [] : [bound(after, '>')]),
      ...(upTo === undefined ? [] : [bound(upTo, '<=')]),
    ]
    return { sql: parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`, params }
  }

  /** By the column itself where its text is the column's own, so that an index can serve. */
  #among(keys: readonly KeyText[]): CompareStatement {
    const params: string[] = []
    const own = ({ form }: ComparedColumn) => form === 'text' || form === 'number'
    const left = this.#keys.map(({ column }) => (own(column) ? quoteIdentifier(column.name) : compared(column)))
    const rows = keys.map((key) => {
      const cells = this.#keys.map(({ column, type }, i) => {
        params.push(key[i]!)
        return `$${params.length}::${own(column) ? type : 'text'}`
      })
      return `(${cells.join(', ')})`
    })
    return { sql: ` WHERE (${left.join(', ')}) IN (${rows.join(', ')})`, params }
  }
}

function compared({ name, form }: ComparedColumn): string {
  const column = quoteIdentifier(name)
  if (form === 'json') return `${column}::jsonb::text`
  if (form === 'timestamp') return `${column}::timestamp::text`
  if (form === 'trimmed') return `rtrim(${column}::text)`
  if (form === 'number')
    return `CASE WHEN strpos(${column}::text, '.') > 0 THEN rtrim(rtrim(${column}::text, '0'), '.') ELSE ${column}::text END`
  return `${column}::text`
}

const ordered = (column: ComparedColumn) =>
  column.order === 'own' ? quoteIdentifier(column.name) : `(${compared(column)}) COLLATE "C"`
