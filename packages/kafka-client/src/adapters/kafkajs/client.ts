import type { Admin, KafkaClient, Member, Producer, ProducerOptions, Reader, ReaderOptions } from '../../port.ts'
import type { KafkaSettings } from '../../settings/settings.ts'

export class KafkajsClient implements KafkaClient {
  readonly adapter = 'kafkajs'
  constructor(_settings: KafkaSettings) {}
  producer(_options: ProducerOptions = {}): Producer {
    throw new Error('not yet')
  }
  reader(_options: ReaderOptions): Reader {
    throw new Error('not yet')
  }
  member(): Member {
    throw new Error('not yet')
  }
  admin(): Admin {
    throw new Error('not yet')
  }
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
