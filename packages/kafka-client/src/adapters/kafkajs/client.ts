import type {
  Admin,
  KafkaClient,
  Member,
  MemberOptions,
  Producer,
  ProducerOptions,
  Reader,
  ReaderOptions,
} from '../../port.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { PlatformaticClient } from '../platformatic/client.ts'
import { KafkajsProducer } from './producer.ts'

/**
 * Producers are kafkajs's. Readers, members and the admin are those of the default adapter: kafkajs reads through
 * groups only, does not wait for what a rebalance takes away, and does not tell where a batch without records ends.
 */
export class KafkajsClient implements KafkaClient {
  readonly adapter = 'kafkajs'
  readonly #settings: KafkaSettings
  readonly #rest: PlatformaticClient
  readonly #producers = new Set<KafkajsProducer>()

  constructor(settings: KafkaSettings) {
    this.#settings = settings
    this.#rest = new PlatformaticClient(settings)
  }

  producer(options: ProducerOptions = {}): Producer {
    const producer = new KafkajsProducer(this.#settings, options, this.#rest.admin())
    this.#producers.add(producer)
    return producer
  }

  reader(options: ReaderOptions): Reader {
    return this.#rest.reader(options)
  }

  member(options: MemberOptions): Member {
    return this.#rest.member(options)
  }

  admin(): Admin {
    return this.#rest.admin()
  }

  async close(): Promise<void> {
    await Promise.all([...[...this.#producers].map((one) => one.close()), this.#rest.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
