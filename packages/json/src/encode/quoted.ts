/**
 * JSON strings as Jackson prints them, which Flink uses: control characters as `\b \t \n \f \r` or `\u00XX` with
 * upper-case digits, everything else as it is.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON forbids in strings
const special = /["\\\u0000-\u001f]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const everySpecial = /["\\\u0000-\u001f]/g
const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

/** A string with its quotes. */
export function quoted(text: string): string {
  return special.test(text) ? `"${text.replace(everySpecial, escapeOf)}"` : `"${text}"`
}

function escapeOf(character: string): string {
  return escapes[character] ?? `\\u00${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
