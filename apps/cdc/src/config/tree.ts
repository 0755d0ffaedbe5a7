import type { Spot } from './problem.ts'

/** The file as a tree of plain nodes, each with its place. Aliases are unfolded. */
export type Tree = ScalarTree | ListTree | MapTree
export interface ScalarTree {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  readonly spot: Spot
}
export interface ListTree {
  readonly kind: 'list'
  readonly items: readonly Tree[]
  readonly spot: Spot
}
export interface MapTree {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Entry>
  readonly spot: Spot
}
export interface Entry {
  readonly key: Spot
  readonly value: Tree
}

/** Plain data of a tree. Mappings have no prototype, so a key `__proto__` is a key like any other. */
export function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(plain)
  const record: Record<string, unknown> = Object.create(null)
  for (const [key, { value }] of tree.entries) record[key] = plain(value)
  return record
}

/** The same tree with every string leaf replaced. */
export function mapStrings(tree: Tree, replace: (text: string, leaf: ScalarTree) => string): Tree {
  if (tree.kind === 'scalar')
    return typeof tree.value === 'string' ? { ...tree, value: replace(tree.value, tree) } : tree
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => mapStrings(item, replace)) }
  const entries = [...tree.entries].map(([key, entry]): [string, Entry] => [
    key,
    { ...entry, value: mapStrings(entry.value, replace) },
  ])
  return { ...tree, entries: new Map(entries) }
}
