import { type Change, type Origin, silentLogger } from '@cdc/core'
import { json } from '@cdc/json'
import { type EditTransaction, isTableEdit, sampleTypes, sourceConformance } from '@cdc/testkit'
import type { Message } from 'kafkajs'
import { describe, test } from 'vitest'
// keeps every kind of change and every type, which Debezium's records do not
import { wholeFormat } from '../../filesystem/test/whole-format.ts'
import { kafkaSource } from '../src/index.ts'
import { WrittenTopic } from './written-topic.ts'

const format = wholeFormat({})
const origin: Origin = {
  transaction: { connector: 'postgres-cdc', database: 'suite', commitTime: 1n, commit: 1n },
  offset: 0n,
  order: 0,
}

/** What an edit looks like in a topic. */
async function recordsOf(edits: EditTransaction): Promise<Message[]> {
  const encoders = format.create({ pipeline: 'suite', logger: silentLogger, report() {}, role: 'value' })
  const records: Message[] = []
  for (const edit of edits) {
    if (!isTableEdit(edit) || edit.kind === 'schema') continue
    const encoder = await encoders.encoder(edit.table)
    for (const { key, value } of encoder.encode({ ...edit, origin } as Exclude<Change, { kind: 'schema' }> as never))
      records.push({ key: bytes(key), value: bytes(value) })
  }
  await encoders.close?.()
  return records
}

const bytes = (part: Uint8Array | string | null) => (part === null ? null : Buffer.from(part))

describe('one partition of every kind of change', () => {
  sourceConformance({
    runner: { describe, test },
    emits: 'retract',
    can: { snapshot: false, history: true, transactions: false, loseHistory: true, alter: true },
    types: sampleTypes,
    async fixture() {
      const written = await WrittenTopic.of()
      return {
        source: kafkaSource({ ...written.options, format }),
        commit: async (edits) => written.write(await recordsOf(edits)),
        alter: async () => {},
        loseHistory: () => written.removeAll(),
        dispose: () => written[Symbol.asyncDispose](),
      }
    },
  })
})

describe('three partitions of json, read once', () => {
  sourceConformance({
    runner: { describe, test },
    emits: 'append',
    can: { write: false, snapshot: false, transactions: false, resume: false, bounded: true },
    async fixture() {
      const written = await WrittenTopic.of(3)
      for (const partition of [0, 1, 2])
        await written.rows(partition, ...Array.from({ length: 40 }, (_, id) => ({ id, name: `name ${partition}` })))
      return {
        source: kafkaSource({
          ...written.options,
          client: 'kafkajs',
          format: json({}),
          schema: "id INT, name STRING, part INT METADATA FROM 'partition', at BIGINT METADATA FROM 'offset'",
          'scan.bounded.mode': 'latest-offset',
        }),
        dispose: () => written[Symbol.asyncDispose](),
      }
    },
  })
})
