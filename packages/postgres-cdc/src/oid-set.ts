/**
 * A set of OIDs as a short text: ascending, each as its distance from the one before in base 36, a run of equal
 * distances once with its length (`a1b.5*200`). Tables that were made by one script lie at equal distances, and
 * entries of one CREATE PUBLICATION are neighbours, so 2,000 of them are often a dozen characters.
 */
export function oidSetText(oids: Iterable<number>): string {
  const sorted = [...new Set(oids)].sort((a, b) => a - b)
  const runs: { step: number; count: number }[] = []
  let before = 0
  for (const oid of sorted) {
    const step = oid - before
    const last = runs.at(-1)
    if (last !== undefined && last.step === step) last.count++
    else runs.push({ step, count: 1 })
    before = oid
  }
  return runs.map(({ step, count }) => step.toString(36) + (count === 1 ? '' : `*${count}`)).join('.')
}

/** The set that `oidSetText` wrote. Throws a RangeError for anything else. */
export function parseOidSet(text: string): Set<number> {
  const oids = new Set<number>()
  if (text === '') return oids
  let oid = 0
  for (const run of text.split('.')) {
    const match = /^([0-9a-z]+)(?:\*(\d{1,9}))?$/.exec(run)
    if (match === null) throw new RangeError(`'${run}' is no run of OIDs`)
    const step = Number.parseInt(match[1]!, 36)
    for (let left = match[2] === undefined ? 1 : Number(match[2]); left > 0; left--) {
      oid += step
      if (oid > 0xffff_ffff || step === 0) throw new RangeError(`'${run}' goes beyond the range of OIDs`)
      oids.add(oid)
    }
  }
  return oids
}
