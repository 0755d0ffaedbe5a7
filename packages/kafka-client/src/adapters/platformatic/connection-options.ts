import type { Connection } from '@platformatic/kafka'
import type { KafkaSettings } from '../../settings/settings.ts'

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
    ...(sasl === undefined ? {} : { sasl }),
  }
}
