import type { Connection } from '@platformatic/kafka'
import { kafkaError } from '../../errors.ts'
import type { KafkaSettings, SaslSettings } from '../../settings/settings.ts'

type Options = NonNullable<ConstructorParameters<typeof Connection>[1]>

/** The settings in the client's own words. */
export function connectionOptions(settings: KafkaSettings, requestTimeout: number): Options {
  const { tls, sasl, connectTimeout } = settings
  return {
    connectTimeout,
    requestTimeout,
    maxInflights: 5,
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
            ...(tls.cert === undefined ? {} : { cert: tls.cert }),
            ...(tls.key === undefined ? {} : { key: tls.key }),
            ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
            ...(tls.verifyHost ? {} : { checkServerIdentity: () => undefined }),
          },
        }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  }
}

type Sasl = NonNullable<Options['sasl']>

/**
 * A broker that refuses a token answers without an error, and with the reason in place of nothing (RFC 7628, 3.2.3);
 * left alone, the client would go on as if it had been let in.
 */
function saslOf(sasl: SaslSettings): Sasl {
  if (sasl.mechanism !== 'OAUTHBEARER') return sasl
  const authBytesValidator: NonNullable<Sasl['authBytesValidator']> = (answer, callback) => {
    if (answer.length === 0) callback(null, answer)
    else
      callback(
        kafkaError('KAFKA_AUTHENTICATION', { message: `The broker refused the token: ${statusIn(answer)}.` }),
        answer,
      )
  }
  return { ...sasl, authBytesValidator }
}

function statusIn(answer: Buffer): string {
  const status = /"status"\s*:\s*"([\w-]+)"/.exec(answer.toString())?.[1]
  return status ?? 'it does not say why'
}
