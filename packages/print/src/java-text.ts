/**
 * `Double.toString` of Java 19 and later: the shortest digits that give the number back, and of those with one or two
 * digits the nearest (4.9E-324, where JavaScript has 5e-324).
 */
export function doubleText(value: number): string {
  const shortest = value.toExponential()
  return numberText(value, shortest.includes('.') ? shortest : value.toExponential(1))
}

/** `Float.toString`: the shortest digits that give the 32-bit number back. */
export function floatText(value: number): string {
  const single = Math.fround(value)
  for (let digits = 1; digits < 8; digits++) {
    const text = single.toExponential(digits)
    if (Math.fround(Number(text)) === single) return numberText(single, text)
  }
  return numberText(single, single.toExponential(8))
}

/** Java's rule for where the point goes: plain from 10^-3 up to 10^7, else `1.0E21`. */
function numberText(value: number, exponential: string): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa, power] = exponential.split('e') as [string, string]
  const sign = value < 0 ? '-' : ''
  const digits = mantissa.replace(/[-.]/g, '').replace(/(?<=.)0+$/, '')
  const exponent = Number(power)
  if (exponent < -3 || exponent >= 7) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/** `BigDecimal.toString`: like the server's text, but with an exponent when more than six zeros follow the point. */
export function bigDecimalText(text: string): string {
  const point = text.indexOf('.')
  if (point < 0) return text
  const scale = text.length - point - 1
  const sign = text.startsWith('-') ? '-' : ''
  const digits = text.replace(/[-.]/g, '').replace(/^0+(?=\d)/, '')
  const exponent = digits.length - 1 - scale
  if (exponent >= -6) return text
  return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}E${exponent}`
}

/** `LocalDate.toString`: years before Christ are negative and one off, years past 9999 have a plus. */
export function dateText(text: string): string {
  const match = /^(\d{4,})(-\d\d-\d\d)( BC)?$/.exec(text)
  if (match === null) return text
  const [, year, rest, bc] = match
  if (bc === undefined) return year!.length > 4 ? `+${text}` : text
  const before = Number(year) - 1
  return `${before === 0 ? '' : '-'}${String(before).padStart(4, '0')}${rest}`
}

/** `LocalTime.toString`: `12:34`, `12:34:56`, `12:34:56.789`, `12:34:56.789012`. */
export function localTimeText(text: string): string {
  const full = fullTime(text)
  return full.endsWith(':00') && full.length === 8 ? full.slice(0, 5) : full
}

/** `LocalDateTime.toString`: `2024-02-29T12:34:56.789`. */
export function localDateTimeText(text: string): string {
  return dateAndTime(text, localTimeText, '')
}

/** `Instant.toString`: `2024-02-29T10:34:56.789Z`, seconds always. */
export function instantText(text: string): string {
  return dateAndTime(text, fullTime, 'Z')
}

function dateAndTime(text: string, time: (text: string) => string, zone: string): string {
  // infinity has neither part
  const match = /^(\d+-\d\d-\d\d) ([\d:.]+)(?:\+00)?( BC)?$/.exec(text)
  return match === null ? text : `${dateText(match[1]! + (match[3] ?? ''))}T${time(match[2]!)}${zone}`
}

/** The fraction in groups of three digits, as few as there can be. */
function fullTime(text: string): string {
  const point = text.indexOf('.')
  if (point < 0) return text
  const fraction = text.slice(point + 1).replace(/0+$/, '')
  if (fraction === '') return text.slice(0, point)
  return `${text.slice(0, point)}.${fraction.padEnd(Math.ceil(fraction.length / 3) * 3, '0')}`
}
