import { forEachRow, isRowChange, tableName } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { sharedKafka } from '@cdc/servers'
import { type LogEntry, sampleTypes, sinkConformance } from '@cdc/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { kafka } from '../src/index.ts'

const flavours = {
  "Flink's changelog, exactly-once": {
    format: json({ changelog: 'debezium', 'encode.truncate': 'write' }),
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': 'testkit',
  },
  "Debezium's changelog with its keys, three partitions": {
    format: debeziumJson({
      'decimal.handling.mode': 'string',
      'time.precision.mode': 'structured',
      'event.converting.failure.handling.mode': 'skip',
    }),
    'topic.creation.default.partitions': '3',
  },
  'inserted rows, kafkajs': { client: 'kafkajs', format: json({}) },
} as const

/** What no flavour can be held to: see the cases' `when`. */
const never = ['SINK-ATOMIC-TABLES', 'SINK-BACK-PRESSURE', 'SINK-LOST-CONNECTION']
const ofExact = ['SINK-ONE-WRITER', 'SINK-OPEN-HIDDEN', 'SINK-POSITION', 'SINK-REMEMBERS-ATOMIC']
const ofChanges = [
  'SINK-DELETE',
  'SINK-KEY-CHANGE',
  'SINK-KEY-SWAP',
  'SINK-REPLAY',
  'SINK-TRUNCATE',
  'SINK-UNDEFINED-KEEPS',
  'SINK-UPSERT',
]
const skipped: Readonly<Record<keyof typeof flavours, readonly string[]>> = {
  "Flink's changelog, exactly-once": [...never, 'SINK-REPLAY'],
  "Debezium's changelog with its keys, three partitions": [...never, ...ofExact, 'SINK-TRUNCATE'],
  'inserted rows, kafkajs': [...never, ...ofExact, ...ofChanges],
}

const context = { pipeline: '', logger: console, report() {}, role: 'value' as const }
let bootstrapServers: string
let topics: TopicLog
let newPrefix: () => string

beforeAll(async () => {
  const broker = await sharedKafka()
  bootstrapServers = broker.bootstrapServers
  newPrefix = () => broker.prefix('kafka')
  topics = await TopicLog.open(bootstrapServers)
})
afterAll(() => topics.close())

for (const [name, options] of Object.entries(flavours)) {
  describe(name, () => {
    const exact = 'sink.transactional-id-prefix' in options
    const sink = (prefix: string, servers: string) =>
      kafka({
        topic: '${prefix}.${schema}.${table}',
        'topic.prefix': prefix,
        'properties.bootstrap.servers': servers,
        ...options,
        ...(exact ? { 'sink.transactional-id-prefix': prefix, 'sink.position-topic': `${prefix}.position` } : {}),
      })
    const report = sinkConformance({
      runner: { describe, test },
      capabilities: sink('testkit', 'localhost:1').capabilities,
      can: { truncate: exact, evolve: true, takesOver: exact },
      types: sampleTypes,
      seeds: 1,
      large: 4_000,
      async fixture() {
        const prefix = newPrefix()
        const decoding = options.format.create(context)
        return {
          sink: sink(prefix, bootstrapServers),
          async log(table) {
            if (exact) await topics.decided(`${prefix}-testkit-conformance`)
            const decoder = await decoding.decoder(table)
            const log: LogEntry[] = []
            for (const { key, value } of await topics.read(`${prefix}.${tableName(table).replaceAll(' ', '_')}`)) {
              for (const change of decoder.decode(key, value)) {
                if (change.kind === 'truncate') log.length = 0
                else if (isRowChange(change)) forEachRow(change, (kind, cells) => log.push({ kind, cells }))
              }
            }
            return log
          },
        }
      },
    })
    test('leaves out no law that it could be held to', () => {
      expect([...report.skipped].sort()).toEqual([...skipped[name as keyof typeof flavours]].sort())
    })
  })
}
