import type { Delete, Insert, KeyRange, KeyText, Origin, RowChange, Table } from '@cdc/core'
import { tableName } from '@cdc/core'
import type { TablePair } from './compared-table.ts'
import { digestsOf, id, passed, type RowDifference, type Settled, type Sides, settle } from './settle.ts'

export interface TableResult {
  readonly table: string
  readonly target: string
  /** At the source. */
  readonly rows: number
  readonly differences: readonly RowDifference[]
  readonly unsettled: number
  readonly behind: boolean
  /** Of a table without a key, which is compared as a whole. */
  readonly whole?: { readonly equal: boolean; readonly sourceRows: number; readonly targetRows: number }
}

/** Rows of a range, and so what is read again where one differs. */
const rangeRows = 10_000
/** Suspects are settled when so many are known, which bounds the memory. */
const suspectsAtMost = 20_000

/** Compares one table by ranges of its key. `take` gets each group of differences as it is settled. */
export async function verifyTable(
  sides: Sides,
  pair: TablePair,
  wait: number,
  take: (differences: readonly RowDifference[]) => Promise<void> = async () => undefined,
): Promise<TableResult> {
  const names = { table: tableName(pair.source.table), target: tableName(pair.target.table) }
  if (pair.source.key.length === 0) return { ...names, ...(await compareWhole(sides, pair, wait)) }
  const differences: RowDifference[] = []
  let [rows, unsettled, behind] = [0, 0, false]
  let suspects: KeyText[] = []
  const settleThem = async () => {
    const settled: Settled = await settle(sides, pair, suspects, behind ? 0 : wait)
    suspects = []
    await take(settled.differences)
    differences.push(...settled.differences)
    unsettled += settled.unsettled.length
    behind ||= settled.behind
  }
  for (const range of rangesOf(await sides.source.bounds(pair.source, rangeRows))) {
    const [source, target] = await Promise.all([
      sides.source.digest(pair.source, range),
      sides.target.digest(pair.target, range),
    ])
    rows += source.rows
    if (source.checksum !== target.checksum || source.rows !== target.rows)
      suspects.push(...(await unequalKeys(sides, pair, range)))
    if (suspects.length >= suspectsAtMost) await settleThem()
  }
  if (suspects.length > 0) await settleThem()
  return { ...names, rows, differences, unsettled, behind }
}

/** Together they hold every key that there may be. */
function rangesOf(bounds: readonly KeyText[]): KeyRange[] {
  return [...bounds, undefined].map((upTo, i) => ({
    ...(i === 0 ? {} : { after: bounds[i - 1]! }),
    ...(upTo === undefined ? {} : { upTo }),
  }))
}

async function unequalKeys({ source, target }: Sides, pair: TablePair, range: KeyRange): Promise<KeyText[]> {
  const [here, there] = await Promise.all([source.digests(pair.source, range), target.digests(pair.target, range)])
  const left = new Map(there.map(({ key, checksum }) => [id(key), { key, checksum }]))
  const unequal: KeyText[] = []
  for (const { key, checksum } of here) {
    const other = left.get(id(key))
    left.delete(id(key))
    if (other?.checksum !== checksum) unequal.push(key)
  }
  return [...unequal, ...[...left.values()].map(({ key }) => key)]
}

async function compareWhole(
  sides: Sides,
  pair: TablePair,
  wait: number,
): Promise<Omit<TableResult, 'table' | 'target'>> {
  const { source, target } = sides
  for (let round = 0; ; round++) {
    const before = await source.digest(pair.source, {})
    const there = await target.digest(pair.target, {})
    const same = (one: typeof before) => one.rows === there.rows && one.checksum === there.checksum
    const result = { rows: before.rows, differences: [], unsettled: 0, behind: false }
    const whole = { equal: true, sourceRows: before.rows, targetRows: there.rows }
    if (same(before)) return { ...result, whole }
    const got = await passed(sides, wait)
    const again = await target.digest(pair.target, {})
    const after = await source.digest(pair.source, {})
    if (again.rows === after.rows && again.checksum === after.checksum) return { ...result, rows: after.rows, whole }
    const quiet = before.rows === after.rows && before.checksum === after.checksum
    const wrong = { equal: false, sourceRows: after.rows, targetRows: again.rows }
    if (quiet || !got) return { ...result, behind: !got, whole: wrong }
    if (round >= 4) return { ...result, unsettled: 1, whole: { ...wrong, equal: true } }
  }
}

/**
 * Writes the source's rows over what differs, where the sink cannot move on meanwhile, and only while they are what
 * they were when they were found to differ and the sink has all up to there. Gives how many were written.
 */
export async function repairRows(
  sides: Sides,
  pair: TablePair,
  differences: readonly RowDifference[],
  wait: number,
): Promise<number> {
  let repaired = 0
  for (let from = 0; from < differences.length; from += 500) {
    const some = differences.slice(from, from + 500)
    const changes = await changesOf(sides, pair, some)
    const has = await sides.source.mark()
    await passed(sides, wait)
    const done = await sides.target.repair(pair.target.table, changes, async (position) => {
      if (!has(position)) return false
      const keys = some.map(({ key }) => key)
      const now = await digestsOf((keys) => sides.source.digestsOf(pair.source, keys), keys)
      return some.every(({ key, checksum }) => now.get(id(key)) === checksum)
    })
    if (done) repaired += some.length
  }
  return repaired
}

const origin: Origin = {
  transaction: { connector: 'verify', database: '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}

async function changesOf(
  { source }: Sides,
  pair: TablePair,
  differences: readonly RowDifference[],
): Promise<RowChange[]> {
  const table: Table = pair.target.table
  const there = differences.filter(({ difference }) => difference !== 'extra').map(({ key }) => key)
  const rows = there.length === 0 ? [] : await source.rowsOf(pair.source, there)
  const inserts = rows.map((after): Insert => ({ kind: 'insert', table, after, origin }))
  const deletes = differences
    .filter(({ difference }) => difference === 'extra')
    .map(({ key }): Delete => ({ kind: 'delete', table, before: source.keyRow(pair.source, key), origin }))
  return [...deletes, ...inserts]
}
