/** A number of months as PostgreSQL prints an interval: `1 year 2 mons`. */
export function monthsText(months: number): string {
  const parts = [part(Math.trunc(months / 12), 'year'), part(months % 12, 'mon')].filter((text) => text !== '')
  return parts.length === 0 ? '00:00:00' : parts.join(' ')
}

/** A number of milliseconds likewise: `3 days 04:05:06.789`. */
export function millisecondsText(milliseconds: number): string {
  const days = part(Math.trunc(milliseconds / 86_400_000), 'day')
  const rest = milliseconds % 86_400_000
  if (rest === 0) return days === '' ? '00:00:00' : days
  return `${days === '' ? '' : `${days} `}${rest < 0 ? '-' : ''}${timeText(Math.abs(rest), 3)}`
}

/** A time of day in milliseconds, with as many digits of the fraction as `precision` allows and as it needs. */
export function timeText(milliseconds: number, precision: number): string {
  const clock = new Date(milliseconds).toISOString()
  return clock.slice(11, 19) + fractionText(clock.slice(20, 23), precision)
}

/** The three digits of milliseconds as a fraction without zeros at its end, '' when nothing is left. */
export function fractionText(digits: string, precision: number): string {
  const fraction = digits.slice(0, precision).replace(/0+$/, '')
  return fraction === '' ? '' : `.${fraction}`
}

function part(count: number, unit: string): string {
  return count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`
}
