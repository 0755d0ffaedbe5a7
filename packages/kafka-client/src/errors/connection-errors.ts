import type { ErrorEntry } from '@cdc/core'

/** Reaching a broker, being let in, and the properties that say how. */
export const connectionErrors = {
  KAFKA_UNREACHABLE: {
    kind: 'connection',
    cause: 'No broker could be reached, or one did not answer in time, or the connection broke and did not come back.',
    cure: 'Check `properties.bootstrap.servers`, that the brokers run, and that each can be reached under the name that it advertises (`advertised.listeners`). A broker that closes the connection at once, or never answers, may want TLS or SASL, or have none: see `properties.security.protocol`, and whether it wants a client certificate (`properties.ssl.keystore.location`).',
  },
  KAFKA_CLOSED: {
    kind: 'connection',
    cause: 'The client was closed while a call of it was under way.',
    cure: 'Nothing, when the pipeline was being stopped.',
  },
  KAFKA_TLS: {
    kind: 'config',
    cause:
      'The TLS handshake with the broker failed: its certificate is not trusted, not for this host name or has run out, or it wants a certificate of the client.',
    cure: 'Set `properties.ssl.truststore.location` (PEM) to the authority that signed the certificate, use the host name that the certificate has, and set `properties.ssl.keystore.location` where the broker wants a client certificate.',
  },
  KAFKA_PROTOCOL: {
    kind: 'config',
    cause:
      'What answers at this address does not speak what was asked for: TLS where plain text was expected, or plain text where TLS was, or no Kafka at all.',
    cure: "Set `properties.security.protocol` to the listener's (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL), or use the port of the listener that you mean.",
  },
  KAFKA_AUTHENTICATION: {
    kind: 'auth',
    cause: 'The broker refused the credentials.',
    cure: 'Check user and password (or token) in `properties.sasl.jaas.config`, and that the user exists for this mechanism: SCRAM users are made for SCRAM-SHA-256 and SCRAM-SHA-512 apart.',
  },
  KAFKA_MECHANISM: {
    kind: 'config',
    cause: 'The broker has not enabled the SASL mechanism.',
    cure: 'Set `properties.sasl.mechanism` to one that the listener has (`sasl.enabled.mechanisms`).',
  },
  KAFKA_AUTHORIZATION: {
    kind: 'auth',
    cause: 'The user may not do this: an access control list is missing.',
    cure: 'Add it with kafka-acls: Write, Describe and, when topics are created, Create on topics for a sink; Read and Describe on topics and Read on the group for a source; for exactly-once also Write and Describe on the transactional id, and Read, Write, Describe and DescribeConfigs (and Create) on the topic that keeps the position.',
  },
  KAFKA_BROKER_TOO_OLD: {
    kind: 'config',
    cause: 'The broker does not know a version of the protocol that is needed.',
    cure: 'Use Apache Kafka 3.2 or later.',
  },
  KAFKA_THROTTLED: {
    kind: 'throttled',
    cause: 'A quota of the cluster is used up.',
    cure: 'Nothing: it is tried again. If it stays, raise the quota of the client id or user.',
  },
  KAFKA_PROPERTY: {
    kind: 'config',
    cause: 'A property of the Kafka client is unknown, has no such value, or is one that cannot be honoured here.',
    cure: 'Do what the message says. The README of the Kafka client lists every property: supported, ignored, or refused with what to do instead.',
  },
} as const satisfies Record<string, ErrorEntry>
