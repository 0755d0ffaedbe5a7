import { type Batch, isTableChange, type Position, type PositionRules, tableName } from '@cdc/core'
import { same, that } from './expect.ts'

/** The positions of a run, each with the number of its batch. */
export function placesOf(batches: readonly Batch[]): { readonly position: Position; readonly batch: number }[] {
  return batches.flatMap(({ position }, batch) => (position === undefined ? [] : [{ position, batch }]))
}

/** compare is a partial order that emission follows; lowest and merge are its ends. */
export function checkOrder(rules: PositionRules, positions: readonly Position[]): void {
  for (const [i, a] of positions.entries()) {
    same(rules.compare(a, a), 0, 'A position compared with itself')
    for (const b of positions.slice(i + 1)) checkPair(rules, a, b)
  }
  if (positions.length === 0) return
  const [first, last] = [positions[0]!, positions.at(-1)!]
  same(
    rules.compare(rules.lowest(positions.toReversed()), first),
    0,
    'The lowest of all positions, compared with the first,',
  )
  same(
    rules.compare(
      positions.reduce((own, read) => rules.merge(own, read)),
      last,
    ),
    0,
    'All merged, compared with the last,',
  )
}

/** Where positions have parts: they are the whole taken apart, in any order, and none goes back as the whole goes on. */
export function checkParts({ parts, join, compare }: PositionRules, positions: readonly Position[]): void {
  if (parts === undefined || join === undefined) return
  let former: ReadonlyMap<string, Position> = new Map()
  for (const position of positions) {
    const all = parts(position)
    for (const [name, part] of all) {
      same([...parts(part)], [[name, part]], 'A part taken apart once more')
      const before = former.get(name)
      const order = before === undefined ? -1 : compare(before, part)
      that(order === -1 || order === 0, `A part compared with the same one of a later position is ${order}.`)
    }
    former = all
    if (all.size > 0) same(join(new Map([...all].reverse())), position, 'The parts of a position, joined again,')
  }
}

function checkPair(rules: PositionRules, a: Position, b: Position): void {
  const order = rules.compare(a, b)
  that(order === -1 || order === 0, `A position compared with a later one is ${order}.`)
  same(rules.compare(b, a), order === 0 ? 0 : 1, 'A position compared with an earlier one')
  same(rules.compare(rules.lowest([b, a]), a), 0, 'The lowest of two positions, compared with the earlier one,')
  same(
    rules.compare(rules.merge(a, b), b),
    0,
    'An earlier position merged with a later one, compared with the later one,',
  )
  same(
    rules.compare(rules.merge(b, a), b),
    0,
    'A later position merged with an earlier one, compared with the later one,',
  )
}

interface Span {
  /** The number of the first position that surely has it. */
  readonly from: number
  /** The number of the last position that surely has it not. */
  readonly until: number
}

/** contains, for each position and each change of a run. */
export function checkContains(rules: PositionRules, batches: readonly Batch[]): void {
  const places = placesOf(batches)
  const firstAt = (batch: number) => places.findIndex((place) => place.batch >= batch)
  const tables = new Map<string, Span>()
  for (const [batch, { changes }] of batches.entries()) {
    for (const change of changes) {
      if (change.origin.snapshot === undefined || !isTableChange(change)) continue
      const name = tableName(change.table)
      const until = tables.get(name)?.until ?? firstAt(batch) - 1
      tables.set(name, { from: firstAt(batch), until })
    }
  }
  for (const [number, { position }] of places.entries()) {
    const contains = rules.contains(position, true)
    for (const [batch, { changes }] of batches.entries()) {
      for (const change of changes) {
        if (!isTableChange(change) || change.kind === 'schema') continue
        const at = firstAt(batch)
        const span =
          change.origin.snapshot === undefined ? { from: at, until: at - 1 } : tables.get(tableName(change.table))!
        const what = `a ${change.kind} of ${tableName(change.table)} in batch ${batch + 1}`
        if (number >= span.from)
          that(contains(change), `Position ${number + 1} does not contain ${what}, which came before it.`)
        else if (number <= span.until)
          that(!contains(change), `Position ${number + 1} contains ${what}, which came after it.`)
      }
    }
  }
}
