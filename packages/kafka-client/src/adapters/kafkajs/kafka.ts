import { Buffer } from 'node:buffer'
import kafkajs, { type Kafka, type KafkaConfig, type SASLOptions } from 'kafkajs'
import { codecNamed, codecNames } from '../../records/codecs.ts'
import type { KafkaSettings } from '../../settings/settings.ts'

/** A client of kafkajs with these settings. It has gzip of its own; the other codecs are given to it. */
export function makeKafka(settings: KafkaSettings): Kafka {
  addCodecs()
  const { tls, sasl } = settings
  const config: KafkaConfig = {
    clientId: settings.clientId,
    brokers: settings.brokers.map(({ host, port }) => `${host}:${port}`),
    connectionTimeout: settings.connectTimeout,
    authenticationTimeout: settings.requestTimeout,
    requestTimeout: settings.requestTimeout,
    enforceRequestTimeout: true,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: {
      initialRetryTime: settings.retryBackoff,
      maxRetryTime: settings.retryBackoffMax,
      // until well after the delivery timeout, which ends it
      retries: Math.max(5, Math.ceil(settings.deliveryTimeout / settings.retryBackoffMax)),
    },
    ...(tls === undefined
      ? {}
      : {
          ssl: {
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
            ...(tls.cert === undefined ? {} : { cert: tls.cert }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
            ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
            ...(tls.verifyHost ? {} : { checkServerIdentity: () => undefined }),
          },
        }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  }
  return new kafkajs.Kafka(config)
}

function saslOf(sasl: NonNullable<KafkaSettings['sasl']>): SASLOptions {
  if (sasl.mechanism === 'OAUTHBEARER')
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) }
  const { username, password } = sasl
  const mechanism = sasl.mechanism.toLowerCase() as 'plain' | 'scram-sha-256' | 'scram-sha-512'
  return { mechanism, username, password }
}

/** kafkajs keeps codecs in one table for the whole process. */
function addCodecs(): void {
  const table = kafkajs.CompressionCodecs as Record<number, () => unknown>
  for (const name of codecNames.filter((one) => one !== 'none' && one !== 'gzip')) {
    const codec = codecNamed(name)
    table[codec.id] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => codec.compress(buffer),
      decompress: async (data: Buffer) => codec.decompress(Buffer.from(data)),
    })
  }
}
