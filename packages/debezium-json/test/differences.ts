import type { TopicRecord } from './golden-records.ts'
import { identityDifferences } from './identity-differences.ts'
import { mapTree } from './json-tree.ts'
import { typesDifferences } from './types-differences.ts'

/** One way in which our records are not Debezium's, with the reason. */
export interface Difference {
  readonly name: string
  readonly reason: string
  /**
   * Turns a record of Debezium's into what it ought to be. Gives `false` when it is none of its business, `drop` when
   * there ought to be no such record.
   */
  readonly mend: (record: TopicRecord, config: Readonly<Record<string, string>>, at: number) => boolean | 'drop'
}

/** By scenario: nothing else may differ. `tables` has none. */
export const differences: Readonly<Record<string, readonly Difference[]>> = {
  tables: [],
  types: typesDifferences,
  identity: identityDifferences,
}

/** Those that have mended a record: one that never does is out of date. */
export const used = new Set<string>()

export interface Compared {
  readonly scenario: string
  readonly config: Readonly<Record<string, string>>
  readonly database: string
  /** The connector died: what it has not written any more is not compared. */
  readonly died: boolean
  readonly own: readonly TopicRecord[]
  readonly golden: readonly TopicRecord[]
}

/** What is to be the same, byte for byte, once volatile fields are masked. */
export function comparable({ scenario, config, database, died, own, golden }: Compared) {
  const places = new Map<string, number>()
  const mended = golden.filter((record) => {
    const at = places.get(record.topic) ?? 0
    places.set(record.topic, at + 1)
    if (record.value !== undefined)
      record.value = mapTree(record.value, (name, text) => databaseName(name, text, database))
    return differences[scenario]!.every(({ name, mend }) => {
      const result = mend(record, config, at)
      if (result !== false) used.add(name)
      return result !== 'drop'
    })
  })
  return { own: died ? firstOf(own, mended) : own, golden: mended }
}

const databaseName = (name: string, text: string, database: string) =>
  name === 'db' && text === '"inventory"' ? JSON.stringify(database) : text

/** Of each topic as many of our records as there are of theirs. */
function firstOf(own: readonly TopicRecord[], golden: readonly TopicRecord[]): TopicRecord[] {
  const counts = new Map<string, number>()
  for (const { topic } of golden) counts.set(topic, (counts.get(topic) ?? 0) + 1)
  return own.filter(({ topic }) => {
    const left = counts.get(topic) ?? 0
    counts.set(topic, left - 1)
    return left > 0
  })
}
