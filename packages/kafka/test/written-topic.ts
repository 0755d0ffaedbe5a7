import { sharedKafka, waitFor } from '@cdc/servers'
import kafkajs, { type Admin, type ITopicConfig, type Message, type Producer } from 'kafkajs'

const { Kafka, logLevel } = kafkajs

/** Resolves when the topic can be written to; `waitForLeaders` of kafkajs fails where the broker is slow. */
export async function makeTopic(admin: Admin, entry: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [entry], waitForLeaders: false })
  const there = async () => (await admin.fetchTopicOffsets(entry.topic)).length === (entry.numPartitions ?? 1)
  await waitFor(() => there().catch(() => false), { timeout: 60_000, describe: `topic ${entry.topic}` })
}

/** A topic of the shared broker, written and treated with kafkajs itself: a client that shares no code with the source. */
export class WrittenTopic implements AsyncDisposable {
  readonly topic: string
  readonly bootstrapServers: string
  readonly admin: Admin
  readonly producer: Producer

  private constructor(topic: string, bootstrapServers: string, admin: Admin, producer: Producer) {
    this.topic = topic
    this.bootstrapServers = bootstrapServers
    this.admin = admin
    this.producer = producer
  }

  static async of(partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<WrittenTopic> {
    const shared = await sharedKafka()
    const { bootstrapServers } = shared
    const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
    const written = new WrittenTopic(
      shared.prefix('source'),
      bootstrapServers,
      client.admin(),
      client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner }),
    )
    await Promise.all([written.admin.connect(), written.producer.connect()])
    await written.make(partitions, config)
    return written
  }

  /** What every source of it is told. */
  get options() {
    return {
      topic: this.topic,
      'properties.bootstrap.servers': this.bootstrapServers,
      'properties.fetch.max.wait.ms': 50,
      'scan.startup.mode': 'earliest-offset',
    } as const
  }

  async make(partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const entry: ITopicConfig = {
      topic: this.topic,
      numPartitions: partitions,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    }
    await makeTopic(this.admin, entry)
  }

  /** In one send, in order. */
  async write(messages: readonly Message[]): Promise<void> {
    if (messages.length > 0) await this.producer.send({ topic: this.topic, messages: [...messages], acks: -1 })
  }

  /** JSON values without keys, each to a partition. */
  async rows(partition: number, ...values: readonly object[]): Promise<void> {
    await this.write(values.map((value) => ({ partition, value: JSON.stringify(value) })))
  }

  /** Removes what is there, as retention does. */
  async removeAll(): Promise<void> {
    const ends = await this.admin.fetchTopicOffsets(this.topic)
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }))
    await this.admin.deleteTopicRecords({ topic: this.topic, partitions })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.deleteTopics({ topics: [this.topic] }).catch(() => undefined)
    await Promise.all([this.admin.disconnect(), this.producer.disconnect()])
  }
}
