import type { Reduction } from './reduce.ts'
import type { TableWriter } from './table-writer.ts'

/** In which order the tables of a set are written. */
export interface GroupOrder {
  /** Parents before children. Deletes go the other way. */
  readonly parentsFirst: readonly Reduction[]
  /** Do foreign keys run between these tables (or from one to itself)? */
  readonly linked: boolean
  /** Do they run in a circle, so that no order of tables is right? */
  readonly cyclic: boolean
}

/** Orders tables by the foreign keys at the target. */
export function orderGroups(groups: readonly Reduction[]): GroupOrder {
  const byOid = new Map(groups.map((group) => [group.writer.target.oid, group]))
  const parentsFirst: Reduction[] = []
  const state = new Map<Reduction, 'open' | 'done'>()
  let linked = false
  let cyclic = false
  const visit = (group: Reduction) => {
    state.set(group, 'open')
    for (const oid of group.writer.target.parents) {
      const parent = byOid.get(oid)
      if (parent === undefined) continue
      linked = true
      // a table that points at itself is right within one statement
      if (parent === group) continue
      if (state.get(parent) === 'open') cyclic = true
      else if (state.get(parent) === undefined) visit(parent)
    }
    state.set(group, 'done')
    parentsFirst.push(group)
  }
  for (const group of groups) if (!state.has(group)) visit(group)
  return { parentsFirst, linked, cyclic }
}

/**
 * Tables whose changes have to go one by one in the source's order: those that foreign keys tie to another of the set,
 * those that others point at, those without a key. The rest can go by replacing rows.
 */
export function carefulWays(groups: readonly Reduction[]): {
  readonly inOrder: ReadonlySet<TableWriter>
  readonly byReplacing: readonly Reduction[]
} {
  const oids = new Set(groups.map(({ writer }) => writer.target.oid))
  const isTied = ({ writer: { target, keys } }: Reduction) =>
    target.children.length > 0 || keys.length === 0 || target.parents.some((oid) => oids.has(oid))
  const tied = groups.filter(isTied)
  return {
    inOrder: new Set(tied.map(({ writer }) => writer)),
    byReplacing: groups.filter((group) => !tied.includes(group)),
  }
}
