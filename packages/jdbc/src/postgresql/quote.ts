import { error } from '../errors.ts'

/** An SQL identifier. Refuses what PostgreSQL would cut (63 bytes) or cannot hold. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 63)
    throw error('IDENTIFIER_TOO_LONG', {
      message: `The name '${name.replaceAll('\0', '\\0')}' is empty, holds a NUL or is longer than 63 bytes, so the target cannot have it.`,
    })
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."name"`. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/** An SQL string, for DDL, where nothing can be bound. Right whatever standard_conforming_strings is. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return text.includes('\\') ? `E${quoted}` : quoted
}
