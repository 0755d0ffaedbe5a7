import type { Reduction } from './reduce.ts'

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
