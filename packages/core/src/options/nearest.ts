/** The known name that the written one was probably meant to be, or undefined when none is near. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const wanted = simple(written)
  const limit = Math.max(2, Math.floor(wanted.length / 3))
  let best: string | undefined
  let least = limit + 1
  for (const name of known) {
    const distance = editDistance(wanted, simple(name), least)
    if (distance < least) [best, least] = [name, distance]
  }
  return best
}

const simple = (name: string) => name.toLowerCase().replace(/[-_. ]/g, '')

/** Optimal string alignment (edits and swaps of neighbours), cut off at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      next.push(cost)
    }
    before = row
    row = next
  }
  return row[b.length]!
}
