import type { Random } from '@cdc/testkit'

/** Characters and pieces that mean something to COPY, to SQL, to arrays and records, to JSON, to CSV or to careless code. */
const pieces = [
  ...[...'abcXYZ 0189'],
  ...['\t', '\n', '\r', '\b', '\f', '\v', '\u0001', '\u001f', '\u007f'],
  ...['\\', '\\N', '\\.', '\\n', '\\x', '\\u0000', "'", "''", '"', '""', '`', '$$'],
  ...['{', '}', '[', ']', '(', ')', '<', '>', ',', ';', ':', '=', '=>', '%', '&amp;', '/*', '--'],
  ...['null', 'NULL', 'NaN', '__debezium_unavailable_value'],
  ...[
    'é',
    'ß',
    'İ',
    '\u0085',
    '\u00a0',
    '\u0301',
    '漢',
    '字',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '🦊',
    '👩‍👧',
    '\u{10ffff}',
  ],
]

/** Text without the one character that PostgreSQL cannot hold; now and then longer than a page, so that it is TOASTed. */
export function randomText(random: Random, longest = 40): string {
  const length = random.chance(0.03) && longest >= 40 ? random.int(2_000, 6_000) : random.int(0, longest)
  let text = ''
  for (let i = 0; i < length; i++) text += random.pick(pieces)
  return text
}

/** Text of at most so many characters, as PostgreSQL counts them. */
export function textOf(random: Random, characters: number): string {
  return [...randomText(random, characters)].slice(0, random.int(0, characters)).join('')
}

export function randomWord(random: Random): string {
  return Array.from({ length: random.int(1, 10) }, () => random.pick([...'abcdefghijkl_019'])).join('')
}

export function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.int(0, 9)).join('')
}

export function hex(random: Random, bytes: number): string {
  return Array.from({ length: bytes }, () => random.int(0, 255).toString(16).padStart(2, '0')).join('')
}

export function bits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.int(0, 1)).join('')
}

/** A literal that stands for exactly this text. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
