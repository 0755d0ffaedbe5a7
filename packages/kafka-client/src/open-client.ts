import type { KafkaClient } from './port.ts'
import { readProperties } from './settings/properties.ts'

/** The Kafka clients that the port can be carried out with: the option `client`. */
export type KafkaAdapter = 'platformatic' | 'kafkajs'

export const kafkaAdapters: readonly KafkaAdapter[] = ['platformatic', 'kafkajs']

/**
 * A client for these properties (the Java client's names, without the prefix `properties.`). Reads the files that they
 * name; connects to nothing yet. Throws KAFKA_PROPERTY with all faults. Only the chosen adapter's package is loaded.
 */
export async function openKafkaClient(
  properties: Readonly<Record<string, string>>,
  adapter: KafkaAdapter = 'platformatic',
): Promise<KafkaClient> {
  const settings = readProperties(properties)
  if (adapter === 'kafkajs') {
    const { KafkajsClient } = await import('./adapters/kafkajs/client.ts')
    return new KafkajsClient(settings)
  }
  const { PlatformaticClient } = await import('./adapters/platformatic/client.ts')
  return new PlatformaticClient(settings)
}
