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
import { PlatformaticAdmin } from './admin.ts'
import { PlatformaticMember } from './member.ts'
import { PlatformaticProducer } from './producer.ts'
import { PlatformaticReader } from './reader.ts'

/**
 * Over `@platformatic/kafka`: its connections, TLS, SASL, request codecs, compression and checksums. Its Producer and
 * Consumer are not used: see the decision note on the Kafka client.
 */
export class PlatformaticClient implements KafkaClient {
  readonly adapter = 'platformatic'
  readonly #settings: KafkaSettings
  readonly #made = new Set<{ close(): Promise<void> }>()
  #admin: PlatformaticAdmin | undefined

  constructor(settings: KafkaSettings) {
    this.#settings = settings
  }

  producer(options: ProducerOptions = {}): Producer {
    return this.#keep((closed) => new PlatformaticProducer(this.#settings, options, closed))
  }

  reader(options: ReaderOptions): Reader {
    return this.#keep((closed) => new PlatformaticReader(this.#settings, options, closed))
  }

  member(options: MemberOptions): Member {
    return this.#keep((closed) => new PlatformaticMember(this.#settings, options, closed))
  }

  admin(): Admin {
    this.#admin ??= this.#keep(() => new PlatformaticAdmin(this.#settings))
    return this.#admin
  }

  async close(): Promise<void> {
    const made = [...this.#made]
    this.#made.clear()
    await Promise.all(made.map((one) => one.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What is closed by its user is forgotten. */
  #keep<T extends { close(): Promise<void> }>(make: (closed: () => void) => T): T {
    const one: T = make(() => this.#made.delete(one))
    this.#made.add(one)
    return one
  }
}
