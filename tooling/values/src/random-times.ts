import type { Random } from '@cdc/testkit'

const two = (value: number) => String(value).padStart(2, '0')

function fraction(random: Random): string {
  const places = random.int(0, 6)
  return places === 0 ? '' : `.${Array.from({ length: places }, () => random.int(0, 9)).join('')}`
}

/** A day of the years that `last` allows, mostly of our time, now and then before Christ. */
function day(random: Random, last: number): { text: string; era: string } {
  const monthAndDay = `${two(random.int(1, 12))}-${two(random.int(1, 28))}`
  if (random.chance(0.15)) return { text: `${String(random.int(1, 4712)).padStart(4, '0')}-${monthAndDay}`, era: ' BC' }
  const year = random.chance(0.2) ? random.int(1, last) : random.int(1850, 2150)
  return { text: `${String(year).padStart(4, '0')}-${monthAndDay}`, era: '' }
}

function offset(random: Random): string {
  const hours = random.int(0, 15)
  const sign = random.pick(['+', '-'])
  return `${sign}${two(hours)}:${two(random.int(0, 59))}${random.chance(0.2) ? `:${two(random.int(0, 59))}` : ''}`
}

const clock = (random: Random) =>
  `${two(random.int(0, 23))}:${two(random.int(0, 59))}:${two(random.int(0, 59))}${fraction(random)}`

export function randomDate(random: Random): string {
  const { text, era } = day(random, 5_874_000)
  return `'${text}${era}'`
}

export const randomTime = (random: Random) => `'${clock(random)}'`

export const randomTimeWithZone = (random: Random) => `'${clock(random)}${offset(random)}'`

export function randomTimestamp(random: Random): string {
  const { text, era } = day(random, 294_000)
  return `'${text} ${clock(random)}${era}'`
}

export function randomTimestampWithZone(random: Random): string {
  const { text, era } = day(random, 294_000)
  return `'${text} ${clock(random)}${offset(random)}${era}'`
}

/** Every part with a sign of its own. */
export function randomInterval(random: Random): string {
  const part = (most: number) => String(random.int(-most, most))
  const parts = [
    random.chance(0.5) ? `${part(9_999)} years` : '',
    random.chance(0.5) ? `${part(11)} mons` : '',
    random.chance(0.5) ? `${part(100_000)} days` : '',
    random.chance(0.7)
      ? `${random.pick(['', '-'])}${random.int(0, 99_999)}:${two(random.int(0, 59))}:${two(random.int(0, 59))}${fraction(random)}`
      : '',
  ].filter((text) => text !== '')
  return parts.length === 0 ? "'0'" : `'${parts.join(' ')}'`
}
