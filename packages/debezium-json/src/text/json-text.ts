/**
 * JSON as Jackson prints it, which Kafka's JsonConverter uses: no spaces, control characters as `\b \t \n \f \r` or
 * `\u00XX` with upper-case digits, characters beyond the first plane as two escapes, everything else as it is.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be escaped
const special = /["\\\u0000-\u001f\ud800-\udfff]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same, each of them
const specials = /["\\\u0000-\u001f\ud800-\udfff]/g
const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

/** Texts are escaped in parts of this length: `replace` keeps a list of all that it found. */
const part = 16 * 1024

/** A string with its quotes. */
export function quoted(text: string): string {
  if (!special.test(text)) return `"${text}"`
  if (text.length <= part) return `"${text.replace(specials, escapeOf)}"`
  const parts = ['"']
  for (let from = 0; from < text.length; from += part)
    parts.push(text.slice(from, from + part).replace(specials, escapeOf))
  parts.push('"')
  return parts.join('')
}

function escapeOf(character: string): string {
  return escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** A double as Java's `Double.toString`, in quotes where JSON has no number for it. The digits are the shortest. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"'
  const size = Math.abs(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size < 1e-3 || size >= 1e7) return scientific(value)
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

function scientific(value: number): string {
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
}

/** A float as Java's `Float.toString`: the shortest digits that give the same float, not the same double. */
export function floatText(value: number): string {
  // what came as the server's text is that already
  if (!Number.isFinite(value) || String(value).length < 12) return doubleText(value)
  const float = Math.fround(value)
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(float.toPrecision(digits))
    if (Math.fround(short) === float) return doubleText(short)
  }
  return doubleText(value)
}
