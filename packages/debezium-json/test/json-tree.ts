import { visit } from 'jsonc-parser'

/** JSON with every string and number as its own text, so that comparing is by the byte. */
export type Tree = Leaf | Tree[] | Branch
/** The text of a string (with its quotes), number, boolean or null. */
export type Leaf = string
export class Branch {
  readonly entries: [name: string, node: Tree][] = []

  get(name: string): Tree | undefined {
    return this.entries.find(([one]) => one === name)?.[1]
  }

  set(name: string, node: Tree): void {
    const entry = this.entries.find(([one]) => one === name)
    if (entry === undefined) this.entries.push([name, node])
    else entry[1] = node
  }

  delete(name: string): void {
    const at = this.entries.findIndex(([one]) => one === name)
    if (at >= 0) this.entries.splice(at, 1)
  }
}

export function parseTree(text: string): Tree {
  let root: Tree | undefined
  const open: (Tree[] | Branch)[] = []
  let name = ''
  const add = (node: Tree) => {
    const parent = open.at(-1)
    if (parent === undefined) root = node
    else if (parent instanceof Branch) parent.entries.push([name, node])
    else parent.push(node)
  }
  const begin = (node: Tree[] | Branch) => {
    add(node)
    open.push(node)
  }
  visit(text, {
    onObjectBegin: () => begin(new Branch()),
    onObjectEnd: () => void open.pop(),
    onArrayBegin: () => begin([]),
    onArrayEnd: () => void open.pop(),
    onObjectProperty: (property) => {
      name = property
    },
    onLiteralValue: (_value, offset, length) => add(text.slice(offset, offset + length)),
    onError: (_error, offset) => {
      throw new Error(`no JSON at ${offset}: ${text.slice(Math.max(0, offset - 40), offset + 40)}`)
    },
  })
  return root!
}

export function treeText(tree: Tree): string {
  if (typeof tree === 'string') return tree
  if (Array.isArray(tree)) return `[${tree.map(treeText).join(',')}]`
  return `{${tree.entries.map(([name, node]) => `${JSON.stringify(name)}:${treeText(node)}`).join(',')}}`
}

/** Makes another tree with `leaf` in the place of every leaf; `name` is that of the nearest field. */
export function mapTree(tree: Tree, leaf: (name: string, text: Leaf) => Leaf, name = ''): Tree {
  if (typeof tree === 'string') return leaf(name, tree)
  if (Array.isArray(tree)) return tree.map((node) => mapTree(node, leaf, name))
  const copy = new Branch()
  for (const [field, node] of tree.entries) copy.entries.push([field, mapTree(node, leaf, field)])
  return copy
}
