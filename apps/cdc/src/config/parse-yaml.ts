import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type Scalar } from 'yaml'
import type { Problem, Spot } from './problem.ts'
import type { Entry, MapTree, Tree } from './tree.ts'

/** Nodes that aliases may unfold to; a file of 1 MB without aliases stays below. */
const aliasLimit = 10_000
const depthLimit = 64

export interface ParsedYaml {
  /** Absent: the text is not YAML, or is empty. */
  readonly tree?: Tree
  readonly problems: readonly Problem[]
}

/** Parses with the safe core schema of YAML 1.2: no tags, no merge keys, no second document, no repeated key. */
export function parseYaml(text: string): ParsedYaml {
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, prettyErrors: false })
  const problems = [...document.errors, ...document.warnings].map(({ code, pos, message }) =>
    syntaxProblem(code, message, { start: pos[0], end: Math.max(pos[1], pos[0] + 1) }, text),
  )
  // behind a fault of grammar the rest of the tree is a guess, and its mistakes would mislead
  const broken = problems.findIndex(({ code }) => code === 'INVALID_YAML')
  if (broken >= 0) return { problems: problems.slice(0, broken + 1) }
  if (document.contents === null) return { problems }
  const walk = new Walk(document)
  const tree = walk.tree(document.contents, 0)
  return { tree, problems: [...problems, ...walk.problems] }
}

class Walk {
  readonly problems: Problem[] = []
  readonly #document: Document
  readonly #open = new Set<Node>()
  #unfolding = 0
  #unfolded = 0

  constructor(document: Document) {
    this.#document = document
  }

  tree(node: Node | null, depth: number, at?: Spot): Tree {
    const spot = at ?? spotOf(node)
    if (this.#unfolding > 0 && ++this.#unfolded > aliasLimit) return this.#limit(spot)
    if (node === null) return { kind: 'scalar', value: null, spot }
    if (depth > depthLimit) {
      this.problems.push({ code: 'INVALID_YAML', message: `More than ${depthLimit} levels deep.`, spot })
      return { kind: 'scalar', value: null, spot }
    }
    if (isAlias(node)) return this.#alias(node, depth, spot)
    if (isSeq(node)) {
      const items = node.items.map((item) => this.tree(item as Node | null, depth + 1, at))
      return { kind: 'list', items, spot }
    }
    if (isMap(node)) return this.#map(node.items, depth, spot, at)
    return { kind: 'scalar', value: this.#value(node as Scalar, spot), spot }
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], depth: number, spot: Spot, at: Spot | undefined): MapTree {
    const entries = new Map<string, Entry>()
    for (const pair of pairs) {
      const key = this.#key(pair.key as Node | null)
      if (key === undefined || entries.has(key.name)) continue
      const value = pair.value as Node | null
      // what is not there has no place of its own
      const place = at ?? (value === null || value.range?.[0] === value.range?.[1] ? key.spot : undefined)
      entries.set(key.name, { key: at ?? key.spot, value: this.tree(value, depth + 1, place) })
    }
    return { kind: 'map', entries, spot }
  }

  /** Keys are texts as written: `1`, `true` and `null` too. */
  #key(node: Node | null): { name: string; spot: Spot } | undefined {
    const spot = spotOf(node)
    if (!isScalar(node)) {
      this.problems.push({ code: 'INVALID_YAML', message: 'A key must be a text.', spot })
      return undefined
    }
    const name = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
    if (name !== '<<' || node.type !== 'PLAIN') return { name, spot }
    const hint = 'Write the keys out, or use an alias for the whole value.'
    this.problems.push({ code: 'INVALID_YAML', message: 'Merge keys (<<) are not supported.', hint, spot })
    return undefined
  }

  #value(node: Scalar, spot: Spot): string | number | boolean | null {
    const { value, source } = node
    if (value === null || typeof value === 'string') return value
    // a password 0123 or 1e5 must not become 123 or 100000: a number that prints otherwise stays as written
    if (typeof value === 'number' || typeof value === 'boolean')
      return source === undefined || String(value) === source ? value : source
    const message = 'A tag makes something else than a text, a number or a truth value of this.'
    this.problems.push({ code: 'INVALID_YAML', message, hint: 'Remove the tag (the word that begins with !).', spot })
    return null
  }

  #alias(node: Alias, depth: number, spot: Spot): Tree {
    const target = node.resolve(this.#document)
    const empty: Tree = { kind: 'scalar', value: null, spot }
    if (target === undefined) {
      const hint = 'Text that begins with * goes in single quotes.'
      this.problems.push({ code: 'INVALID_YAML', message: 'This alias names no anchor above it.', hint, spot })
      return empty
    }
    if (this.#open.has(target)) return this.#limit(spot)
    this.#open.add(target)
    this.#unfolding++
    const tree = this.tree(target, depth + 1, spot)
    this.#unfolding--
    this.#open.delete(target)
    return tree
  }

  #limit(spot: Spot): Tree {
    if (!this.problems.some(({ code }) => code === 'ALIAS_LIMIT')) {
      const message = `Aliases unfold to more than ${aliasLimit} nodes, or to themselves.`
      this.problems.push({ code: 'ALIAS_LIMIT', message, hint: 'Write the values out.', spot })
    }
    return { kind: 'scalar', value: null, spot }
  }
}

const spotOf = (node: Node | null): Spot => {
  const range = node?.range
  return range == null ? { start: 0, end: 1 } : { start: range[0], end: Math.max(range[1], range[0] + 1) }
}

const quotes = "Put text with special characters in single quotes: 'like @this: #one'."

/** The library's texts may quote the file, which may be a secret: so ours, by code. */
const syntax: Readonly<Record<string, readonly [message: string, hint?: string]>> = {
  BAD_SCALAR_START: ['A text cannot begin with this character.', quotes],
  BLOCK_AS_IMPLICIT_KEY: ['There is a second `key:` on this line, or the line is indented too far.', quotes],
  MULTILINE_IMPLICIT_KEY: ['This line is no `key: value`, or is indented differently from its neighbours.'],
  BAD_INDENT: ['This line is indented differently from its neighbours, or a bracket above is not closed.'],
  TAB_AS_INDENT: ['A tab cannot indent.', 'Indent with spaces.'],
  MULTIPLE_DOCS: ['A second document begins here (---).', 'Keep one pipeline a file.'],
  BAD_DQ_ESCAPE: [
    'This is no escape that double quotes know.',
    'In double quotes a backslash is written twice; in single quotes once.',
  ],
  TAG_RESOLVE_FAILED: ['Tags (!word) are not supported.', 'Text that begins with ! goes in single quotes.'],
  UNEXPECTED_TOKEN: ['This does not belong here.', `Is a quote or a bracket before it closed too early? ${quotes}`],
  BAD_ALIAS: ['This alias is not well formed.', 'Text that begins with * goes in single quotes.'],
  MISSING_CHAR: ['A closing quote, a comma or a colon is missing before this place.'],
}

function syntaxProblem(code: string, message: string, spot: Spot, text: string): Problem {
  if (code === 'DUPLICATE_KEY') {
    const key = /^[\w.'"-]+/.exec(text.slice(spot.start))?.[0] ?? 'key'
    const whole = { start: spot.start, end: spot.start + key.length }
    return { code, message: `Key '${key}' stands twice in one mapping.`, hint: 'Remove one of the two.', spot: whole }
  }
  const [ours, hint] = syntax[code] ?? [`This is not YAML (${code.toLowerCase().replaceAll('_', ' ')}).`]
  // this text of the library names the missing character and nothing of the file
  const missing = /^Missing closing (?<quote>["'])quote$/.exec(message)?.groups?.quote
  const said = missing === undefined ? ours : `A text that begins with ${missing} is not closed.`
  return { code: 'INVALID_YAML', message: said, ...(hint === undefined ? {} : { hint }), spot }
}
