import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Certificates } from '../certificates.ts'

/**
 * What a secured broker has beside its plain listener, whose clients may do everything. On each of `securedListeners`
 * the user is known, by password, token or certificate, and may do what access control lists allow; `superUsers` may do
 * everything. Without any list for it a resource is closed.
 */
export interface Secured {
  readonly certificates: Certificates
  /** For PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512; a token of OAUTHBEARER is unsigned, and its `sub` is the user. */
  readonly users: readonly { readonly name: string; readonly password: string }[]
  readonly superUsers?: readonly string[]
}

/** TLS, TLS with a certificate of the client, SASL over TLS, SASL in the clear. */
export const securedListeners: readonly string[] = ['SSL', 'MTLS', 'SASL_SSL', 'SASL_PLAINTEXT']

export function securedSettings(folder: string, { certificates, users, superUsers }: Secured): Record<string, string> {
  const { server, ca } = certificates
  const keystore = join(folder, 'server.pem')
  writeFileSync(keystore, readFileSync(server.key, 'utf8') + readFileSync(server.cert, 'utf8'), { mode: 0o600 })
  const names = ['ANONYMOUS', ...(superUsers ?? [])]
  return {
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      'SSL:SSL',
      'MTLS:SSL',
      'SASL_SSL:SASL_SSL',
      'SASL_PLAINTEXT:SASL_PLAINTEXT',
    ].join(','),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca,
    'listener.name.mtls.ssl.client.auth': 'required',
    'ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/,DEFAULT',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': names.map((name) => `User:${name}`).join(';'),
    'allow.everyone.if.no.acl.found': 'false',
    ...mechanisms('sasl_ssl', users),
    ...mechanisms('sasl_plaintext', users),
  }
}

function mechanisms(listener: string, users: Secured['users']): Record<string, string> {
  const login = (mechanism: string, text: string) => ({
    [`listener.name.${listener}.${mechanism}.sasl.jaas.config`]: `${text};`,
  })
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required'
  const passwords = users.map(({ name, password }) => `user_${name}="${password}"`).join(' ')
  return {
    [`listener.name.${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    ...login('plain', `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords}`),
    ...login('scram-sha-256', scram),
    ...login('scram-sha-512', scram),
    ...login(
      'oauthbearer',
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"',
    ),
  }
}
