import type { Isolation } from '../port.ts'
import type { CodecName } from '../records/codecs.ts'

/** What an adapter works with: the properties, read and checked. Durations are in milliseconds, sizes in bytes. */
export interface KafkaSettings {
  readonly brokers: readonly { readonly host: string; readonly port: number }[]
  readonly clientId: string
  readonly tls: TlsSettings | undefined
  readonly sasl: SaslSettings | undefined
  readonly requestTimeout: number
  readonly connectTimeout: number
  /** How long anything may take that is no send: `default.api.timeout.ms`. */
  readonly apiTimeout: number
  readonly deliveryTimeout: number
  readonly retryBackoff: number
  readonly retryBackoffMax: number
  readonly metadataMaxAge: number
  readonly compression: CodecName
  readonly maxRequestSize: number
  readonly batchSize: number
  readonly transactionTimeout: number
  readonly groupId: string | undefined
  readonly instanceId: string | undefined
  readonly isolation: Isolation
  readonly fetchMaxWait: number
  readonly fetchMinBytes: number
  readonly fetchMaxBytes: number
  readonly maxPartitionFetchBytes: number
  readonly maxPollRecords: number
  readonly maxPollInterval: number
  readonly sessionTimeout: number
  readonly heartbeatInterval: number
  readonly assignors: readonly Assignor[]
  readonly offsetReset: 'earliest' | 'latest' | 'none'
}

export type Assignor = 'cooperative-sticky' | 'range' | 'roundrobin'

export interface TlsSettings {
  /** PEM. Undefined: the authorities that Node trusts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly passphrase: string | undefined
  /** False with an empty `ssl.endpoint.identification.algorithm`. */
  readonly verifyHost: boolean
}

export type SaslSettings =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string> }
