/** The row that speed is measured with: a bigint key and eight columns, some 190 bytes. */
export function sampleRow(i: number): string[] {
  return [
    String(1_000_000 + i),
    `Customer number ${i}`,
    `user${i}@example.com`,
    'active',
    ((i * 1.37) % 1000).toFixed(2),
    String(i % 50),
    '2024-02-29 10:34:56.789012+00',
    'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut laboree.',
  ]
}

/** OID and modifier of its columns. */
export const sampleTypes: readonly (readonly [name: string, oid: number, typmod: number])[] = [
  ['id', 20, -1],
  ['name', 25, -1],
  ['email', 25, -1],
  ['status', 1043, 24],
  ['amount', 1700, ((12 << 16) | 2) + 4],
  ['quantity', 23, -1],
  ['created', 1184, -1],
  ['note', 25, -1],
]

/** Runs `work` (over `count` items) until it stops getting faster, and prints nanoseconds an item. */
export function measure(name: string, count: number, work: () => void, rounds = 30): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.hrtime.bigint()
    work()
    best = Math.min(best, Number(process.hrtime.bigint() - before) / count)
  }
  process.stdout.write(`${name.padEnd(44)} ${best.toFixed(0).padStart(6)} ns\n`)
  return best
}
