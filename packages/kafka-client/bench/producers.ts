/**
 * What half a million records (20-byte key, 300-byte value, three partitions, 5,000 a send, acks=all, idempotent) cost
 * each producer: ours over each adapter, and the clients' own. `node --conditions=cdc-source bench/producers.ts [codec]`,
 * with CDC_TEST_KAFKA=host:port for a broker of your own. CPU is the more telling number where the broker shares the cores.
 */
import { sharedKafka } from '@cdc/servers'
import { Producer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import { type KafkaAdapter, openKafkaClient } from '../src/index.ts'
import type { CodecName } from '../src/records/codecs.ts'

const codec = (process.argv[2] ?? 'none') as CodecName
const total = 500_000
const perSend = 5_000
const kafka = await sharedKafka()
const keys = Array.from({ length: 20_000 }, (_, i) => Buffer.from(`{"id":${i}}`.padEnd(20)))
const values = keys.map((_, i) =>
  Buffer.from(`{"id":${i},"name":"${'some words '.repeat(30)}`.slice(0, 298).padEnd(300, '}')),
)

async function measure(name: string, send: (topic: string, from: number) => Promise<unknown>, topic: string) {
  await send(topic, 0)
  const cpu = process.cpuUsage()
  const began = performance.now()
  for (let from = 0; from < total; from += perSend) await send(topic, from)
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const used = (user + system) / 1e6
  process.stdout.write(
    `${name.padEnd(28)} ${codec.padEnd(7)} ${Math.round(total / seconds / 1_000)} k records/s, ${((used / total) * 1e6).toFixed(2)} µs CPU a record\n`,
  )
}

const indexes = Array.from({ length: perSend }, (_, i) => i)
const admin = (await openKafkaClient({ 'bootstrap.servers': kafka.bootstrapServers })).admin()
const topic = async (name: string) => {
  const made = kafka.prefix(`bench-${name}`)
  await admin.createTopics([{ topic: made, partitions: 3 }])
  return made
}

for (let round = 0; round < 3; round++) {
  for (const adapter of ['platformatic', 'kafkajs'] satisfies KafkaAdapter[]) {
    const client = await openKafkaClient(
      { 'bootstrap.servers': kafka.bootstrapServers, 'compression.type': codec },
      adapter,
    )
    const producer = client.producer()
    const send = (name: string, from: number) =>
      producer.send(
        indexes.map((i) => ({
          topic: name,
          partition: i % 3,
          key: keys[(from + i) % 20_000]!,
          value: values[(from + i) % 20_000]!,
        })),
      )
    await measure(`ours over ${adapter}`, send, await topic(adapter))
    await client.close()
  }

  const own = new Producer({
    clientId: 'b',
    bootstrapBrokers: [kafka.bootstrapServers],
    idempotent: true,
    acks: -1,
    compression: codec,
    strict: false,
  })
  const ownSend = (name: string, from: number) =>
    own.send({
      messages: indexes.map((i) => ({
        topic: name,
        partition: i % 3,
        key: keys[(from + i) % 20_000]!,
        value: values[(from + i) % 20_000]!,
      })),
    })
  await measure('@platformatic/kafka Producer', ownSend, await topic('own'))
  await own.close()

  if (codec === 'none' || codec === 'gzip') {
    const kafkaJs = new kafkajs.Kafka({ brokers: [kafka.bootstrapServers], logLevel: kafkajs.logLevel.NOTHING })
    const js = kafkaJs.producer({ idempotent: true, maxInFlightRequests: 1 })
    await js.connect()
    const jsSend = (name: string, from: number) =>
      js.send({
        topic: name,
        acks: -1,
        compression: codec === 'gzip' ? 1 : 0,
        messages: indexes.map((i) => ({
          partition: i % 3,
          key: keys[(from + i) % 20_000]!,
          value: values[(from + i) % 20_000]!,
        })),
      })
    await measure('kafkajs', jsSend, await topic('js'))
    await js.disconnect()
  }
}
process.exit(0)
