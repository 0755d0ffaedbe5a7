/** An SQL identifier. Throws a RangeError for what cannot be one: empty, or with a NUL. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new RangeError('An identifier must not be empty or hold a NUL')
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."name"`. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/**
 * An SQL string, for the places where nothing can be bound: replication commands and DDL. Right whatever
 * standard_conforming_strings is, since a backslash makes it an E'' string.
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new RangeError('A text must not hold a NUL')
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return text.includes('\\') ? `E${quoted}` : quoted
}
