import {
  CdcError,
  type Check,
  type PlannedStatement,
  type SinkAdmin,
  type SinkContext,
  type Table,
  tableName,
} from '@cdc/core'
import { openKafkaClient } from '../open-client.ts'
import type { KafkaClient } from '../port.ts'
import { positionTopicOf, transactionalIdOf } from './delivery-names.ts'
import { deliveryError } from './errors.ts'
import { PositionTopic } from './position-topic.ts'
import { TopicPattern } from './topic-pattern.ts'
import type { TopicWriterSettings } from './topic-writer.ts'

/** What the commands for operators ask of a sink that writes to topics. Changes nothing but in `reset`. */
export function sinkAdmin(settings: TopicWriterSettings, context: SinkContext): SinkAdmin {
  const { pipeline, sink } = context
  const { properties, adapter, guarantee, creation } = settings
  const stored = settings.positionTopic ?? positionTopicOf(pipeline, sink)
  const exact = guarantee === 'exactly-once'
  const topics = (tables: readonly Table[]) => {
    const pattern = new TopicPattern(settings.topic, settings.prefix ?? pipeline, settings.keyed)
    return new Map(tables.map((table) => [pattern.topicOf(table, table.database ?? ''), table]))
  }
  const connected = async <T>(work: (client: KafkaClient) => Promise<T>): Promise<T> => {
    const client = await openKafkaClient(properties, adapter)
    try {
      return await work(client)
    } finally {
      await client.close()
    }
  }
  const positionTopic = async (client: KafkaClient) => {
    const there = await new PositionTopic(client, stored, pipeline, sink).check(client.admin())
    return there ? `${stored} is there` : `will be made: ${stored}`
  }
  return {
    plan: (tables) =>
      connected(async (client) => {
        const wanted = topics(tables)
        const there = await client.admin().describe([...wanted.keys()])
        const planned: PlannedStatement[] = []
        for (const [topic, table] of wanted)
          if (!there.has(topic))
            planned.push({
              sql: `-- create topic ${topic}`,
              reason: `Records of ${tableName(table)} go there; ${JSON.stringify(creation.config)}.`,
            })
        if (exact && !(await client.admin().describe([stored])).has(stored))
          planned.push({
            sql: `-- create topic ${stored}`,
            reason: 'Keeps the position: compacted, one partition.',
          })
        return planned
      }),
    check: async (tables) => {
      const reached = await check('broker', () =>
        connected(async (client) => `cluster ${await client.admin().clusterId()}`),
      )
      if (reached.status !== 'ok') return [reached]
      return [
        reached,
        await check('topics', () =>
          connected(async (client) => {
            const wanted = [...topics(tables).keys()]
            const there = await client.admin().describe(wanted)
            const missing = wanted.filter((topic) => !there.has(topic))
            if (missing.length === 0) return `${wanted.length} topics are there`
            if (creation.enable) return `will be made: ${missing.join(', ')}`
            throw deliveryError('KAFKA_TOPIC_NOT_THERE', { message: `There is no topic ${missing.join(', ')}.` })
          }),
        ),
        ...(exact ? [await check('position topic', () => connected(positionTopic))] : []),
      ]
    },
    async reset(_tables, { rows }) {
      const said: string[] = []
      if (exact)
        await connected(async (client) => {
          const admin = client.admin()
          if (!(await admin.describe([stored])).has(stored)) return
          const transactionalId = transactionalIdOf(settings.transactionalIdPrefix ?? '', pipeline, sink)
          const producer = client.producer({ transactionalId })
          // takes over first, so that a process which still runs cannot write its position after this
          await producer.init()
          producer.begin()
          await producer.send([new PositionTopic(client, stored, pipeline, sink).record(null)])
          await producer.commit()
          await producer.close()
          said.push(`Forgot the position in topic ${stored}.`)
        })
      if (rows)
        said.push('Records in topics are left as they are: delete the topics where the consumers are to start over.')
      return said
    },
  }
}

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, status: 'ok', message: await look() }
  } catch (failure) {
    const { code, message, hint } = CdcError.from(failure)
    return { name, status: 'failed', code, message, ...(hint === undefined ? {} : { hint }) }
  }
}
