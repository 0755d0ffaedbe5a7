import { readFileSync } from 'node:fs'
import { parseJaas } from './jaas.ts'
import { ClientCredentialsTokens, unsecuredToken } from './oauth-token.ts'
import type { PropertyReader } from './property-reader.ts'
import { conversion } from './property-table.ts'
import type { SaslSettings, TlsSettings } from './settings.ts'

const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

export function readSecurity(reader: PropertyReader): {
  readonly tls: TlsSettings | undefined
  readonly sasl: SaslSettings | undefined
} {
  const protocol = reader.oneOf('security.protocol', protocols, 'PLAINTEXT', true)
  return {
    tls: protocol.endsWith('SSL') ? readTls(reader) : undefined,
    sasl: protocol.startsWith('SASL') ? readSasl(reader) : undefined,
  }
}

function readTls(reader: PropertyReader): TlsSettings {
  for (const name of ['ssl.truststore.type', 'ssl.keystore.type']) {
    const type = reader.text(name)
    const location = reader.text(name.replace('type', 'location'))
    if (type !== undefined && type.toUpperCase() !== 'PEM') reader.fault(conversion(`properties.${name}`, type))
    else if (location !== undefined && /\.(jks|p12|pfx)$/i.test(location))
      reader.fault(conversion(`properties.${name}`, 'JKS or PKCS12'))
  }
  const keystore = readFile(reader, 'ssl.keystore.location')
  return {
    ca: reader.text('ssl.truststore.certificates') ?? readFile(reader, 'ssl.truststore.location'),
    cert: reader.text('ssl.keystore.certificate.chain') ?? keystore,
    key: reader.text('ssl.keystore.key') ?? keystore,
    passphrase: reader.text('ssl.key.password'),
    verifyHost: reader.text('ssl.endpoint.identification.algorithm') !== '',
  }
}

function readFile(reader: PropertyReader, name: string): string | undefined {
  const file = reader.text(name)
  if (file === undefined || /\.(jks|p12|pfx)$/i.test(file)) return undefined
  return pemIn(reader, file, name)
}

function pemIn(reader: PropertyReader, file: string, name: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    if (!text.includes('-----BEGIN '))
      reader.fault(
        `properties.${name}: ${file} is no PEM file. ${conversion(`properties.${name.replace('location', 'type')}`, 'JKS or PKCS12')}`,
      )
    return text
  } catch (error) {
    reader.fault(`properties.${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
    return undefined
  }
}

function readSasl(reader: PropertyReader): SaslSettings | undefined {
  if (reader.text('sasl.mechanism') === undefined) {
    reader.fault(`properties.sasl.mechanism is needed: ${mechanisms.join(', ')}.`)
    return undefined
  }
  const mechanism = reader.oneOf('sasl.mechanism', mechanisms, 'PLAIN')
  const jaas = reader.text('sasl.jaas.config')
  const login = jaas === undefined ? undefined : parseJaas(jaas)
  if (jaas !== undefined && login === undefined) {
    reader.fault('properties.sasl.jaas.config has the form: <login module> required <name>="<value>" ... ;')
    return undefined
  }
  const options = login?.options ?? new Map<string, string>()
  if (mechanism === 'OAUTHBEARER') return readToken(reader, options)
  const username = options.get('username')
  const password = options.get('password')
  if (username === undefined || password === undefined) {
    reader.fault(`properties.sasl.jaas.config needs username and password for ${mechanism}.`)
    return undefined
  }
  return { mechanism, username, password }
}

function readToken(reader: PropertyReader, options: ReadonlyMap<string, string>): SaslSettings | undefined {
  const url = reader.text('sasl.oauthbearer.token.endpoint.url')
  const subject = options.get('unsecuredLoginStringClaim_sub')
  if (url === undefined && subject !== undefined)
    return { mechanism: 'OAUTHBEARER', token: async () => unsecuredToken(subject) }
  const id = reader.text('sasl.oauthbearer.client.credentials.client.id') ?? options.get('clientId')
  const secret = reader.text('sasl.oauthbearer.client.credentials.client.secret') ?? options.get('clientSecret')
  if (url === undefined || id === undefined || secret === undefined) {
    reader.fault(
      'OAUTHBEARER needs properties.sasl.oauthbearer.token.endpoint.url, and a client id and secret (clientId and clientSecret in sasl.jaas.config).',
    )
    return undefined
  }
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    reader.fault('properties.sasl.oauthbearer.token.endpoint.url is a URL of http or https.')
    return undefined
  }
  const scope = reader.text('sasl.oauthbearer.scope') ?? options.get('scope')
  // as in Java, the endpoint's authority is an option of the login module
  const file = options.get('ssl.truststore.location')
  const ca = file === undefined ? undefined : pemIn(reader, file, 'sasl.jaas.config: ssl.truststore.location')
  const tokens = new ClientCredentialsTokens({ url, id, secret, scope, ca })
  return { mechanism: 'OAUTHBEARER', token: () => tokens.token() }
}
