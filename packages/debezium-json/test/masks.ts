import type { TopicRecord } from './golden-records.ts'
import { Branch, mapTree, type Tree, treeText } from './json-tree.ts'

/**
 * The recorder's `normalise-golden.py`, with one difference: it ranks the LSNs of snapshots, of changes and of commits
 * together, so it compares whether anything else was written between them. Here each kind has ranks of its own: order
 * and equality within a kind are compared, whatever else the server does.
 */
class Ranks {
  readonly #values = new Set<bigint>()
  #ranks: Map<bigint, number> | undefined

  add(value: bigint): void {
    this.#values.add(value)
  }

  of(value: bigint): number {
    const sorted = () => [...this.#values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    this.#ranks ??= new Map(sorted().map((one, rank) => [one, rank]))
    return this.#ranks.get(value)!
  }
}

const number = /^-?\d+$/
const transactionId = /^"(\d+):(\d+)"$/
const javaHash = /(LogicalDecodingMessageId|\[Ljava\.lang\.String;)@[0-9a-f]+/g
const times = new Set(['ts_ms', 'ts_us', 'ts_ns', '__source_ts_ms', 'timestamp'])

/** Records as texts that can be compared: topic, key, value and headers, with what differs from run to run masked. */
export function maskedTexts(records: readonly TopicRecord[]): string[] {
  const [snapshots, changes, commits, transactions] = [new Ranks(), new Ranks(), new Ranks(), new Ranks()]
  const visit = (leaf: (name: string, text: string, lsns: Ranks) => string) =>
    records.map((record) => {
      const text = record.value instanceof Branch ? treeText(record.value) : ''
      const lsns = text.includes('"status":"END"') ? commits : /"(__)?op":"r"/.test(text) ? snapshots : changes
      return { record, map: (tree: Tree) => mapTree(tree, (name, text) => leaf(name, text, lsns)) }
    })
  const collect = (name: string, text: string, lsns: Ranks): string => {
    if ((name === 'lsn' || name === '__lsn') && number.test(text)) lsns.add(BigInt(text))
    if (name === 'txId' && number.test(text)) transactions.add(BigInt(text))
    if (name === 'sequence' && text.startsWith('"[')) {
      const [commit, lsn] = JSON.parse(JSON.parse(text)) as (string | null)[]
      if (commit !== null) commits.add(BigInt(commit!))
      if (lsn !== null) lsns.add(BigInt(lsn!))
    }
    const id = name === 'id' ? transactionId.exec(text) : null
    if (id !== null) {
      transactions.add(BigInt(id[1]!))
      lsns.add(BigInt(id[2]!))
    }
    return text
  }
  const mask = (name: string, text: string, lsns: Ranks): string => {
    if ((name === 'lsn' || name === '__lsn') && number.test(text)) return String(lsns.of(BigInt(text)))
    if (name === 'txId' && number.test(text)) return String(transactions.of(BigInt(text)))
    if (name === 'sequence' && text.startsWith('"[')) {
      const [commit, lsn] = JSON.parse(JSON.parse(text)) as (string | null)[]
      return `[${commit === null ? null : commits.of(BigInt(commit!))},${lsn === null ? null : lsns.of(BigInt(lsn!))}]`
    }
    const id = name === 'id' ? transactionId.exec(text) : null
    if (id !== null) return `${transactions.of(BigInt(id[1]!))}:${lsns.of(BigInt(id[2]!))}`
    if (times.has(name) && number.test(text)) return `<${name}>`
    return text.replace(javaHash, '$1@<hash>')
  }
  for (const { record, map } of visit(collect)) for (const part of [record.key, record.value]) if (part) map(part)
  return visit(mask).map(({ record, map }) => {
    const part = (tree: Tree | undefined) => (tree === undefined ? 'null' : treeText(map(inOrder(tree))))
    const headers = record.headers.map(
      ([name, value]) => `${name}=${name.endsWith('.runId') ? '<runId>' : treeText(map(value))}`,
    )
    return `${record.topic} ${part(record.key)} ${part(record.value)} ${headers.join(' ')}`
  })
}

/** The collections of a transaction's end come in the order of a hash map. */
function inOrder(tree: Tree): Tree {
  const payload = tree instanceof Branch ? (tree.get('payload') ?? tree) : tree
  const collections = payload instanceof Branch ? payload.get('data_collections') : undefined
  if (Array.isArray(collections)) collections.sort((a, b) => (treeText(a) < treeText(b) ? -1 : 1))
  return tree
}
