import { type KafkaClient, type KafkaRecord, openKafkaClient } from '@cdc/kafka-client'
import { type KafkaServer, type RegistryServer, startKafka, startRegistry, warmUp } from '@cdc/servers'
import { Lazy } from '../bench.ts'

/** Nothing is cleaned or rolled while something is measured, and what was measured is soon gone from the disk. */
const settings = {
  'log.segment.bytes': '1073741824',
  'log.segment.delete.delay.ms': '100',
  'log.initial.task.delay.ms': '600000',
}

/** The broker of all Kafka cases, and a registry; each is started by the first case that wants it. */
export class BenchKafka {
  readonly #server = new Lazy<KafkaServer>(async () => {
    const server = await startKafka({ settings })
    await warmUp(server.bootstrapServers)
    return server
  })
  readonly #registry = new Lazy<RegistryServer>(() => startRegistry({ compatibility: 'NONE' }))
  readonly #client = new Lazy<KafkaClient>(async () => openKafkaClient({ 'bootstrap.servers': await this.servers() }))
  #topics = 0

  async servers(): Promise<string> {
    return (await this.#server.get()).bootstrapServers
  }

  async registry(): Promise<string> {
    return (await this.#registry.get()).url
  }

  freshTopic(): string {
    return `bench.${process.pid}.items_${++this.#topics}`
  }

  async make(topic: string, partitions: number, config: Readonly<Record<string, string>> = {}): Promise<void> {
    await (await this.#client.get()).admin().createTopics([{ topic, partitions, config }])
  }

  async drop(topic: string): Promise<void> {
    await (await this.#client.get()).admin().deleteTopics([topic])
  }

  /** What the broker has of a topic, by its offsets: each record of a topic without transactions has one. */
  async count(topic: string): Promise<number> {
    const { starts, ends } = await this.#offsets(topic)
    return ends.reduce((sum, { offset }, i) => sum + Number(offset - starts[i]!.offset), 0)
  }

  /** All records that are committed, batch after batch. */
  async *read(topic: string): AsyncGenerator<readonly KafkaRecord[]> {
    const client = await this.#client.get()
    const { starts, ends } = await this.#offsets(topic)
    const partitions = starts.map((start, i) => ({ ...start, endOffset: ends[i]!.offset }))
    await using reader = client.reader({ partitions, isolation: 'read_committed' })
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) yield batch.records
  }

  async stop(): Promise<void> {
    await this.#client.ifMade((client) => client.close())
    await this.#registry.ifMade((registry) => registry.stop())
    await this.#server.ifMade((server) => server.stop())
  }

  async #offsets(topic: string) {
    const admin = (await this.#client.get()).admin()
    const found = (await admin.describe([topic])).get(topic)!
    const partitions = found.partitions.map(({ partition }) => ({ topic, partition }))
    const starts = await admin.offsets(partitions, 'earliest', 'read_committed')
    return { starts, ends: await admin.offsets(partitions, 'latest', 'read_committed') }
  }
}
