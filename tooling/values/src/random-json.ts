import type { Random } from '@cdc/testkit'
import { randomNumeric } from './random-numbers.ts'
import { textOf } from './random-text.ts'

/**
 * A document as text: with blanks, repeated names, numbers that no double holds. `jsonb` cannot store `\u0000`, nor
 * half of a character.
 */
export function randomJson(random: Random, type: 'json' | 'jsonb', depth = 3): string {
  const space = () => random.pick(['', '', ' ', '\n\t'])
  const inner = () => `${space()}${randomJson(random, type, depth - 1)}${space()}`
  const list = (item: () => string) => Array.from({ length: random.int(0, 4) }, item).join(',')
  switch (depth === 0 ? random.int(0, 3) : random.int(0, 5)) {
    case 0:
      return random.pick(['null', 'true', 'false'])
    case 1:
      return randomNumeric(random, 25, 12)
        .replaceAll("'", '')
        .replace(/^(-?)0+(?=\d)/, '$1')
    case 2:
      return `${random.int(-9, 9)}${random.chance(0.5) ? `.${random.int(0, 99)}` : ''}${random.pick(['e', 'E'])}${random.int(-30, 30)}`
    case 3:
      return string(random, type)
    case 4:
      return `[${list(inner)}]`
    default:
      return `{${list(() => `${space()}${string(random, type)}${space()}:${inner()}`)}}`
  }
}

function string(random: Random, type: 'json' | 'jsonb'): string {
  const plain = JSON.stringify(textOf(random, 12))
  if (type === 'jsonb' || random.chance(0.8)) return plain
  return `${plain.slice(0, -1)}${random.pick(['\\u0000', '\\ud800', '\\u00e9', '\\/'])}"`
}
