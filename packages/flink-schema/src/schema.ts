import { parseType } from './parse-type.ts'
import { SchemaFault, SchemaTokens } from './schema-tokens.ts'
import type { SqlType } from './sql-type.ts'

export interface ColumnSpec {
  readonly name: string
  readonly type: SqlType
  readonly nullable: boolean
  readonly comment?: string
  /** The key of what it holds, of a METADATA column: it stands beside the record's own fields. */
  readonly metadata?: string
}

/** What the `schema` option says. `key` are positions in `columns`. */
export interface SchemaSpec {
  readonly columns: readonly ColumnSpec[]
  readonly key: readonly number[]
}

/**
 * Reads what stands between the brackets of Flink's CREATE TABLE, or a map from column to type. `metadata`: the keys
 * that METADATA columns may have; none by default. Throws a SchemaFault.
 */
export function parseSchema(
  written: string | Readonly<Record<string, string>>,
  metadata: readonly string[] = [],
): SchemaSpec {
  return new SchemaReader(metadata).read(typeof written === 'string' ? written : fromMap(written))
}

function fromMap(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([name, type]) => `\`${name.replaceAll('`', '``')}\` ${type}`)
    .join(',\n')
}

/** Types that only metadata of records has: their headers, and properties in their values. undefined: none of these. */
function nestedType(tokens: SchemaTokens): string | undefined {
  if (tokens.take('MAP', '<', 'STRING', ',', 'BYTES', '>')) return 'MAP<STRING, BYTES>'
  if (tokens.take('MAP', '<', 'STRING', ',', 'STRING', '>')) return 'MAP<STRING, STRING>'
  if (!tokens.take('ARRAY', '<', 'ROW', '<')) return undefined
  // `value` is a reserved word in Flink, so it stands in backticks
  const key = tokens.name()
  tokens.expect('STRING', ',')
  const value = tokens.name()
  tokens.expect('BYTES', '>', '>')
  return `ARRAY<ROW<${key} STRING, ${value} BYTES>>`
}

class SchemaReader {
  readonly #metadata: readonly string[]
  readonly #columns: ColumnSpec[] = []
  #key: readonly string[] | undefined

  constructor(metadata: readonly string[]) {
    this.#metadata = metadata
  }

  read(text: string): SchemaSpec {
    const tokens = new SchemaTokens(text)
    if (tokens.atEnd) throw new SchemaFault('has no column')
    do this.#element(tokens)
    while (tokens.take(','))
    if (!tokens.atEnd) tokens.expect(',')
    const key = (this.#key ?? []).map((name) => this.#position(name))
    if (this.#columns.length === 0) throw new SchemaFault('has no column')
    const columns = this.#columns.map((column, i) => (key.includes(i) ? { ...column, nullable: false } : column))
    return { columns, key }
  }

  #element(tokens: SchemaTokens): void {
    if (tokens.take('CONSTRAINT')) {
      tokens.name()
      tokens.expect('PRIMARY', 'KEY')
      this.#declareKey(names(tokens), tokens)
    } else if (tokens.take('PRIMARY', 'KEY')) this.#declareKey(names(tokens), tokens)
    else if (tokens.peek() === 'WATERMARK' && tokens.peek(1) === 'FOR')
      throw new SchemaFault('has a WATERMARK, which means nothing here: leave it out')
    else this.#column(tokens)
  }

  #column(tokens: SchemaTokens): void {
    const name = tokens.name()
    if (tokens.peek() === 'AS')
      throw new SchemaFault(`has the computed column '${name}', which a source cannot give: compute it in the target`)
    if (this.#columns.some((column) => column.name === name)) throw new SchemaFault(`names column '${name}' twice`)
    const type = this.#type(tokens)
    const nullable = !tokens.take('NOT', 'NULL')
    tokens.take('NULL')
    const metadata = this.#metadataOf(name, tokens)
    if (type.root === 'MAP' && metadata === undefined)
      throw new SchemaFault(`has the type ${type.text}, which only a metadata column can have`)
    const single = tokens.take('PRIMARY', 'KEY')
    if (single) this.#declareKey([name], tokens)
    const comment = tokens.take('COMMENT') ? tokens.text() : undefined
    if (single && metadata !== undefined) throw new SchemaFault(`has the metadata column '${name}' in its primary key`)
    const more = { ...(comment === undefined ? {} : { comment }), ...(metadata === undefined ? {} : { metadata }) }
    this.#columns.push({ name, type, nullable, ...more })
  }

  #type(tokens: SchemaTokens): SqlType {
    const nested = this.#metadata.length > 0 ? nestedType(tokens) : undefined
    return nested === undefined ? parseType(tokens) : { root: 'MAP', text: nested }
  }

  /** `METADATA [FROM 'key'] [VIRTUAL]`: the key, by default the column's name. */
  #metadataOf(name: string, tokens: SchemaTokens): string | undefined {
    if (!tokens.take('METADATA')) return undefined
    const key = tokens.take('FROM') ? tokens.text() : name
    tokens.take('VIRTUAL')
    if (this.#metadata.length === 0)
      throw new SchemaFault(`has the metadata column '${name}', which this connector does not have`)
    if (this.#metadata.includes(key)) return key
    throw new SchemaFault(
      `has the metadata column '${name}' of the unknown key '${key}'; there are ${this.#metadata.join(', ')}`,
    )
  }

  #declareKey(key: readonly string[], tokens: SchemaTokens): void {
    if (this.#key !== undefined) throw new SchemaFault('has two primary keys')
    this.#key = key
    tokens.take('NOT', 'ENFORCED')
  }

  #position(name: string): number {
    const position = this.#columns.findIndex((column) => column.name === name)
    if (position < 0) throw new SchemaFault(`has column '${name}' in its primary key, and no such column`)
    if (this.#columns[position]!.metadata !== undefined)
      throw new SchemaFault(`has the metadata column '${name}' in its primary key`)
    return position
  }
}

function names(tokens: SchemaTokens): string[] {
  tokens.expect('(')
  const list = [tokens.name()]
  while (tokens.take(',')) list.push(tokens.name())
  tokens.expect(')')
  return list
}
