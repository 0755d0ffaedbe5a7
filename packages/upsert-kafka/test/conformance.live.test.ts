import { json } from '@cdc/json'
import { sharedKafka } from '@cdc/servers'
import { type LogEntry, sampleTypes, sinkConformance } from '@cdc/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { upsertKafka } from '../src/index.ts'

const formats = { 'key.format': json({}), 'value.format': json({}) }
const flavours = {
  'at-least-once, three partitions': { 'topic.creation.default.partitions': '3' },
  'exactly-once': { 'sink.delivery-guarantee': 'exactly-once', 'sink.transactional-id-prefix': 'testkit' },
  'reduced by key, exactly-once, kafkajs': {
    client: 'kafkajs',
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': 'testkit',
    'sink.buffer-flush.max-rows': 100,
    'sink.buffer-flush.interval': '1 s',
  },
} as const

/** What it cannot be held to: see the cases' `when`. */
const never = [
  'SINK-ATOMIC-TABLES',
  'SINK-BACK-PRESSURE',
  'SINK-LOST-CONNECTION',
  'SINK-TRUNCATE',
  'SINK-UNDEFINED-KEEPS',
]
const ofExact = ['SINK-ONE-WRITER', 'SINK-OPEN-HIDDEN', 'SINK-POSITION', 'SINK-REMEMBERS-ATOMIC']
const context = { pipeline: '', logger: console, report() {}, role: 'value' as const }
const decoding = json({ changelog: 'upsert' }).create(context)
let bootstrapServers: string
let topics: TopicLog
let newPrefix: () => string

beforeAll(async () => {
  const kafka = await sharedKafka()
  bootstrapServers = kafka.bootstrapServers
  newPrefix = () => kafka.prefix('upsert')
  topics = await TopicLog.open(bootstrapServers)
})
afterAll(() => topics.close())

for (const [name, options] of Object.entries(flavours)) {
  describe(name, () => {
    const properties = { 'properties.bootstrap.servers': 'localhost:1' }
    const exact = 'sink.transactional-id-prefix' in options
    const report = sinkConformance({
      runner: { describe, test },
      capabilities: upsertKafka({ topic: '${table}', ...properties, ...formats, ...options }).capabilities,
      can: { truncate: false, evolve: true, takesOver: exact },
      types: sampleTypes,
      seeds: 1,
      large: 4_000,
      async fixture() {
        const prefix = newPrefix()
        const own = exact ? { 'sink.transactional-id-prefix': prefix, 'sink.position-topic': `${prefix}.position` } : {}
        return {
          sink: upsertKafka({
            topic: '${prefix}.${schema}.${table}',
            'topic.prefix': prefix,
            'properties.bootstrap.servers': bootstrapServers,
            ...formats,
            ...options,
            ...own,
          }),
          async log(table) {
            const decoder = await decoding.decoder(table)
            if (exact) await topics.decided(`${prefix}-testkit-conformance`)
            const topic = `${prefix}.${table.schema}.${table.name.replaceAll(' ', '_')}`
            return (await topics.read(topic)).map(({ key, value }): LogEntry => {
              const [change] = decoder.decode(key, value)
              if (change?.kind === 'delete') return { kind: '-D', cells: change.before }
              if (change?.kind === 'update') return { kind: '+U', cells: change.after }
              throw new Error(`A ${change?.kind} was not expected.`)
            })
          },
        }
      },
    })
    test('leaves out no law that it could be held to', () => {
      expect([...report.skipped].sort()).toEqual([...never, ...(exact ? ['SINK-REPLAY'] : ofExact)].sort())
    })
  })
}
