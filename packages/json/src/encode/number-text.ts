/**
 * A double as Java's `Double.toString` prints it, in quotes where JSON has no number for it. The digits are the
 * shortest that tell the number from its neighbours, as Java has it from 19 on; before, it had one more now and then.
 */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size < 1e-3 || size >= 1e7) return scientific(value)
  return Number.isInteger(value) ? `${value}.0` : `${value}`
}

function scientific(value: number): string {
  const shortest = value.toExponential()
  // Java prints at least two digits, the nearest ones: 4.9E-324 and not 5.0E-324
  const [digits, exponent] = (shortest.includes('.') ? shortest : value.toExponential(1)).split('e') as [string, string]
  return `${digits}E${exponent.replace('+', '')}`
}

/** A float as Java's `Float.toString`: the shortest digits that give the same float, not the same double. */
export function floatText(value: number): string {
  // a cell that came from the server's text is that already
  if (!Number.isFinite(value) || String(value).length < 12) return doubleText(value)
  const float = Math.fround(value)
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(float.toPrecision(digits))
    if (Math.fround(short) === float) return doubleText(short)
  }
  return doubleText(value)
}

/** A decimal as stored: JSON's numbers keep trailing zeros. NaN and infinities are quoted. */
export function decimalText(text: string): string {
  return isNumber(text) ? text : `"${text}"`
}

/** As Flink writes it with `encode.decimal-as-plain-number`: without trailing zeros, never with an exponent. */
export function plainDecimalText(text: string): string {
  if (!isNumber(text)) return `"${text}"`
  if (!text.includes('.')) return text
  const kept = text.replace(/\.?0+$/, '')
  return kept === '-0' ? '0' : kept
}

/** As Flink writes it without: Java's `stripTrailingZeros().toString()`, which prints 100 as `1E+2`. */
export function javaDecimalText(text: string): string {
  const plain = plainDecimalText(text)
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(plain)
  if (match === null) return plain
  const [, sign, whole, fraction = ''] = match as unknown as [string, string, string, string?]
  const digits = (whole + fraction).replace(/^0+/, '')
  const stripped = digits.replace(/0+$/, '')
  if (stripped === '') return '0'
  // in Java's words: unscaled value `stripped`, and the number is it times 10 ^ -scale
  const scale = fraction.length - (digits.length - stripped.length)
  const exponent = stripped.length - 1 - scale
  if (scale >= 0 && exponent >= -6) return plain
  const mantissa = stripped.length === 1 ? stripped : `${stripped[0]}.${stripped.slice(1)}`
  return `${sign}${mantissa}E${exponent < 0 ? '' : '+'}${exponent}`
}

const isNumber = (text: string) => text !== 'NaN' && !text.endsWith('Infinity')
