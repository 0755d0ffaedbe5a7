/** A table as an option names it; without a schema it is in the connection's current one. */
export interface TableName {
  readonly schema?: string
  readonly name: string
}

const part = String.raw`(?:"(?:[^"]|"")+"|[^".\s][^".]*)`
const pattern = new RegExp(`^(?:(${part})\\.)?(${part})$`)

/**
 * `table`, `schema.table`, parts in double quotes where they hold dots or quotes. The case is kept as it is written,
 * quoted or not, as in Flink. undefined: it is none of these.
 */
export function parseTableName(text: string): TableName | undefined {
  const match = pattern.exec(text.trim())
  if (match === null) return undefined
  const name = unquote(match[2]!)
  return match[1] === undefined ? { name } : { schema: unquote(match[1]), name }
}

const unquote = (text: string) => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text)

/** The target of a source table: the option's name with `${schema}` and `${table}` put in, else the same name. */
export function targetName(option: string | undefined, source: { schema: string; name: string }): TableName {
  if (option === undefined) return { schema: source.schema, name: source.name }
  const parsed = parseTableName(option)!
  const fill = (text: string) =>
    text.replace(/\$\{(schema|table)\}/g, (_, what) => (what === 'schema' ? source.schema : source.name))
  return parsed.schema === undefined
    ? { name: fill(parsed.name) }
    : { schema: fill(parsed.schema), name: fill(parsed.name) }
}
