import { CdcError, type Logger } from '@cdc/core'
import type { Admin } from '../port.ts'
import { deliveryError } from './errors.ts'

/** How topics are made, in the words of Kafka Connect (`topic.creation.default.*`). */
export interface TopicCreation {
  readonly enable: boolean
  /** Undefined: the broker's own defaults. */
  readonly partitions?: number
  readonly replicationFactor?: number
  /** Settings of the topic, `cleanup.policy` among them. */
  readonly config: Readonly<Record<string, string>>
}

interface Known {
  /** The largest batch that the topic takes, in bytes (`max.message.bytes`). undefined: we may not know. */
  readonly maxBytes: number | undefined
  readonly partitions: number
}

/** The topics that a sink writes to: each is looked up, or made, before its first record. */
export class Topics {
  readonly #admin: Admin
  readonly #creation: TopicCreation
  readonly #logger: Logger
  readonly #known = new Map<string, Known>()

  constructor(admin: Admin, creation: TopicCreation, logger: Logger) {
    this.#admin = admin
    this.#creation = creation
    this.#logger = logger
  }

  /** Throws KAFKA_TOPIC_NOT_THERE, and what the broker says against making it. */
  async ensure(topic: string): Promise<Known> {
    const known = this.#known.get(topic)
    if (known !== undefined) return known
    const found = (await this.#admin.describe([topic])).get(topic) ?? (await this.#make(topic))
    const made = { maxBytes: await this.#maxBytes(topic), partitions: found.partitions.length }
    this.#known.set(topic, made)
    return made
  }

  async #maxBytes(topic: string): Promise<number | undefined> {
    try {
      return Number((await this.#admin.topicConfig(topic)).get('max.message.bytes') ?? 1_048_588)
    } catch (failure) {
      // DescribeConfigs is a right that writing does without
      if (CdcError.is(failure) && failure.code === 'KAFKA_AUTHORIZATION') return undefined
      throw failure
    }
  }

  async #make(topic: string) {
    const { enable, partitions, replicationFactor, config } = this.#creation
    if (!enable)
      throw deliveryError('KAFKA_TOPIC_NOT_THERE', {
        message: `Topic '${topic}' does not exist, and topic.creation.enable is false.`,
        where: { option: 'topic.creation.enable' },
      })
    const made = await this.#admin.createTopics([
      {
        topic,
        config,
        ...(partitions === undefined ? {} : { partitions }),
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
      },
    ])
    if (made.includes(topic)) this.#logger.info({ topic, ...config }, `Topic ${topic} was made.`)
    const found = (await this.#admin.describe([topic])).get(topic)
    if (found !== undefined) return found
    throw deliveryError('KAFKA_TOPIC_NOT_THERE', { message: `Topic '${topic}' was made and is not there.` })
  }
}
