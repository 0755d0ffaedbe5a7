import { setTimeout as delay } from 'node:timers/promises'
import type { KeyText, RowDigest, SinkComparer, SourceComparer } from '@cdc/core'
import type { TablePair } from './compared-table.ts'

export type Difference = 'missing' | 'extra' | 'different'

/** A row that is not the same on both sides. */
export interface RowDifference {
  readonly key: KeyText
  readonly difference: Difference
  /** The source's checksum; undefined where it has no such row. */
  readonly checksum: string | undefined
}

export interface Settled {
  readonly differences: readonly RowDifference[]
  /** Rows that changed again each time that they were looked at. */
  readonly unsettled: readonly KeyText[]
  /** The pipeline did not get as far as the source within the wait, so differences may be lag. */
  readonly behind: boolean
}

export interface Sides {
  readonly source: SourceComparer
  readonly target: SinkComparer
}

const roundsAtMost = 10
const chunk = 500
const look = 250

/**
 * Tells differences from lag. Rows are read at the source; when the pipeline has passed that moment they are read at
 * the target, and where they differ once more at the source: what is the same there as before is a difference.
 * `wait`: ms for the pipeline to get there.
 */
export async function settle(
  sides: Sides,
  pair: TablePair,
  suspects: readonly KeyText[],
  wait: number,
): Promise<Settled> {
  const { source, target } = sides
  const differences: RowDifference[] = []
  let behind = false
  let open = [...suspects]
  for (let round = 0; open.length > 0 && round < roundsAtMost; round++) {
    const before = await digestsOf((keys) => source.digestsOf(pair.source, keys), open)
    behind = !(await passed(sides, behind ? 0 : wait)) || behind
    const there = await digestsOf((keys) => target.digestsOf(pair.target, keys), open)
    const unequal = open.filter((key) => before.get(id(key)) !== there.get(id(key)))
    const after = await digestsOf((keys) => source.digestsOf(pair.source, keys), unequal)
    open = []
    for (const key of unequal) {
      const [was, is] = [before.get(id(key)), after.get(id(key))]
      if (was !== is) open.push(key)
      else differences.push({ key, difference: differenceOf(is, there.get(id(key))), checksum: is })
    }
  }
  return { differences, unsettled: open, behind }
}

function differenceOf(source: string | undefined, target: string | undefined): Difference {
  if (target === undefined) return 'missing'
  return source === undefined ? 'extra' : 'different'
}

export const id = (key: KeyText) => JSON.stringify(key)

/** Checksums by key; those that are not there are left out. */
export async function digestsOf(
  ask: (keys: readonly KeyText[]) => Promise<readonly RowDigest[]>,
  keys: readonly KeyText[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let from = 0; from < keys.length; from += chunk)
    for (const { key, checksum } of await ask(keys.slice(from, from + chunk))) found.set(id(key), checksum)
  return found
}

/** Waits until the sink has all that the source had when this was called. false: it had not within the time. */
export async function passed({ source, target }: Sides, wait: number): Promise<boolean> {
  const has = await source.mark()
  const deadline = performance.now() + wait
  for (;;) {
    const position = await target.position()
    if (position !== undefined && has(position)) return true
    if (performance.now() >= deadline) return false
    await delay(look)
  }
}
