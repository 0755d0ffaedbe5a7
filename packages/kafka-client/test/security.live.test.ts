import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Certificates, type KafkaServer, makeCertificates, startKafka, warmUp } from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaAdapters, openKafkaClient } from '../src/index.ts'
import type { MemberOptions } from '../src/port.ts'
import { unsecuredToken } from '../src/settings/oauth-token.ts'
import { allow } from './other-client.ts'
import { failureOf, readAll } from './reading.ts'

const password = 'alice "quoted" \\secret'
const login = (module: string, user: string, secret: string) =>
  `${module} required username="${user}" password="${secret.replace(/["\\]/g, '\\$&')}";`
const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule'
const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule'
const token = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required'

let server: KafkaServer
let certificates: Certificates
let folder: string

beforeAll(async () => {
  certificates = await makeCertificates('carol')
  folder = certificates.folder
  writeFileSync(
    join(folder, 'carol.pem'),
    readFileSync(certificates.client.key, 'utf8') + readFileSync(certificates.client.cert, 'utf8'),
  )
  server = await startKafka({
    secured: {
      certificates,
      users: [
        { name: 'alice', password: 'alice-secret' },
        { name: 'bob', password: 'bob-secret' },
      ],
      superUsers: ['alice', 'carol'],
    },
  })
  await warmUp(server.bootstrapServers)
})

afterAll(async () => {
  await server?.stop()
  certificates?.remove()
})

const tlsProperties = () => ({ 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': certificates.ca })
const fast = { 'default.api.timeout.ms': '8000', 'delivery.timeout.ms': '8000', 'request.timeout.ms': '4000' }

/** Every way in that is to work: the listener, and the properties without `bootstrap.servers`. */
const ways: readonly [name: string, listener: string, properties: () => Record<string, string>][] = [
  ['plain text', 'PLAINTEXT', () => ({})],
  ['TLS', 'SSL', () => ({ 'security.protocol': 'SSL', ...tlsProperties() })],
  [
    'TLS with the certificates as text',
    'SSL',
    () => ({ 'security.protocol': 'SSL', 'ssl.truststore.certificates': readFileSync(certificates.ca, 'utf8') }),
  ],
  [
    'TLS with a certificate of the client',
    'MTLS',
    () => ({ 'security.protocol': 'SSL', ...tlsProperties(), 'ssl.keystore.location': join(folder, 'carol.pem') }),
  ],
  [
    'TLS with an encrypted key',
    'MTLS',
    () => ({
      'security.protocol': 'SSL',
      ...tlsProperties(),
      'ssl.keystore.key': readFileSync(certificates.client.encryptedKey, 'utf8'),
      'ssl.keystore.certificate.chain': readFileSync(certificates.client.cert, 'utf8'),
      'ssl.key.password': certificates.client.keyPassword,
    }),
  ],
  ...(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).flatMap((mechanism) =>
    (['SASL_PLAINTEXT', 'SASL_SSL'] as const).map((protocol): [string, string, () => Record<string, string>] => [
      `${mechanism} over ${protocol}`,
      protocol,
      () => ({
        'security.protocol': protocol,
        'sasl.mechanism': mechanism,
        'sasl.jaas.config': login(mechanism === 'PLAIN' ? plain : scram, 'alice', 'alice-secret'),
        ...(protocol === 'SASL_SSL' ? tlsProperties() : {}),
      }),
    ]),
  ),
  [
    'OAUTHBEARER over SASL_SSL',
    'SASL_SSL',
    () => ({
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'OAUTHBEARER',
      'sasl.jaas.config': `${token} unsecuredLoginStringClaim_sub="alice";`,
      ...tlsProperties(),
    }),
  ],
]

/** Issues unsigned tokens to whoever has the secret, as the broker's validator for tests takes them. */
async function tokenEndpoint(tls?: { readonly key: string; readonly cert: string }) {
  const asked: { authorization: string | undefined; form: string }[] = []
  const answers: (() => { status: number; body: string })[] = []
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    let form = ''
    for await (const chunk of incoming) form += chunk
    const { authorization } = incoming.headers
    asked.push({ authorization, form })
    const issued = { access_token: unsecuredToken('alice'), token_type: 'bearer', expires_in: 3600 }
    const right = authorization === `Basic ${Buffer.from('cdc:token-secret').toString('base64')}`
    const usual = right ? { status: 200, body: JSON.stringify(issued) } : { status: 401, body: 'token-secret?' }
    const { status, body } = answers.shift()?.() ?? usual
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }
  const server = tls === undefined ? createServer(handle) : createSecureServer(tls, handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const properties = (secret = 'token-secret', more = '') => ({
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.oauthbearer.token.endpoint.url': `${tls === undefined ? 'http' : 'https'}://localhost:${port}/token`,
    'sasl.jaas.config': `${token} clientId="cdc" clientSecret="${secret}" scope="kafka"${more};`,
    ...tlsProperties(),
  })
  const close = () => new Promise((resolve) => server.close(resolve))
  return { asked, answers, properties, [Symbol.asyncDispose]: async () => void (await close()) }
}

const at = (listener: string) => (listener === 'PLAINTEXT' ? server.bootstrapServers : server.listeners[listener]!)

describe.each(kafkaAdapters)('the adapter over %s', (adapter) => {
  const open = (listener: string, properties: Record<string, string>) =>
    openKafkaClient({ 'bootstrap.servers': at(listener), ...fast, ...properties }, adapter)

  test.each(ways)('writes and reads by %s', async (_name, listener, properties) => {
    await using client = await open(listener, properties())
    const topic = server.prefix('secure')
    await client.admin().createTopics([{ topic }])
    await client.producer().send([{ topic, key: Buffer.from('k'), value: Buffer.from('v') }])
    expect((await readAll(client, topic)).map(({ value }) => String(value))).toEqual(['v'])
  })

  const sasl = (mechanism: string, secret: string, user = 'alice') => ({
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': mechanism,
    'sasl.jaas.config': login(mechanism === 'PLAIN' ? plain : scram, user, secret),
    ...tlsProperties(),
  })

  /** Every way that is to fail, and with which code. */
  const refusals: readonly [name: string, code: string, listener: string, properties: () => Record<string, string>][] =
    [
      ['a wrong password (PLAIN)', 'KAFKA_AUTHENTICATION', 'SASL_SSL', () => sasl('PLAIN', password)],
      ['a wrong password (SCRAM-SHA-256)', 'KAFKA_AUTHENTICATION', 'SASL_SSL', () => sasl('SCRAM-SHA-256', password)],
      ['a wrong password (SCRAM-SHA-512)', 'KAFKA_AUTHENTICATION', 'SASL_SSL', () => sasl('SCRAM-SHA-512', password)],
      ['an unknown user', 'KAFKA_AUTHENTICATION', 'SASL_SSL', () => sasl('SCRAM-SHA-512', 'x', 'nobody')],
      [
        'an authority that did not sign',
        'KAFKA_TLS',
        'SSL',
        () => ({ 'security.protocol': 'SSL', 'ssl.truststore.location': certificates.otherCa }),
      ],
      ['authorities that do not know it', 'KAFKA_TLS', 'SSL', () => ({ 'security.protocol': 'SSL' })],
    ]

  test.each(refusals)('%s ends in %s', async (_name, code, listener, properties) => {
    await using client = await open(listener, properties())
    const send = client.producer().send([{ topic: 't', key: null, value: Buffer.from('v') }])
    const failure = await failureOf(send)
    expect(failure.code).toBe(code)
    if (adapter === 'platformatic') expect(failure.message).toContain(at(listener))
    expect(JSON.stringify(failure) + failure.message).not.toContain('secret')
    expect((await failureOf(client.admin().clusterId())).code).toBe(code)
  })

  test.each([
    // a broker that is being stopped breaks the handshake off as well, so these are tried again until the time is up
    ['TLS to a listener of plain text', 'PLAINTEXT', { 'security.protocol': 'SSL' }],
    ['plain text to a listener of TLS', 'SSL', {}],
    ['no credentials to a listener of SASL', 'SASL_PLAINTEXT', {}],
    ['no certificate where one is wanted', 'MTLS', { 'security.protocol': 'SSL' }],
  ])('%s ends in a code', async (_name, listener, properties) => {
    const soon = { 'default.api.timeout.ms': '1500' }
    await using client = await open(listener, {
      ...soon,
      ...properties,
      ...('security.protocol' in properties ? tlsProperties() : {}),
    })
    const failure = await failureOf(client.admin().clusterId())
    expect(['KAFKA_PROTOCOL', 'KAFKA_TLS', 'KAFKA_UNREACHABLE']).toContain(failure.code)
    expect(failure.message).toContain(at(listener))
  })

  test('OAUTHBEARER with a token endpoint: one token serves all connections, an ill endpoint is asked again', async () => {
    await using endpoint = await tokenEndpoint()
    endpoint.answers.push(() => ({ status: 503, body: '' }))
    await using client = await open('SASL_SSL', endpoint.properties())
    const topic = server.prefix('oauth')
    await client.admin().createTopics([{ topic }])
    await client.producer().send([{ topic, key: Buffer.from('k'), value: Buffer.from('v') }])
    expect((await readAll(client, topic)).map(({ value }) => String(value))).toEqual(['v'])
    expect(endpoint.asked).toHaveLength(2)
    expect(endpoint.asked[1]!.form).toBe('grant_type=client_credentials&scope=kafka')
  })

  test('OAUTHBEARER over HTTPS: its authority is named in sasl.jaas.config, another one is refused', async () => {
    const { key, cert } = certificates.server
    await using endpoint = await tokenEndpoint({ key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') })
    const trusted = endpoint.properties('token-secret', ` ssl.truststore.location="${certificates.ca}"`)
    await using client = await open('SASL_SSL', trusted)
    expect(await client.admin().clusterId()).not.toBe('')
    await using other = await open('SASL_SSL', endpoint.properties())
    expect(await failureOf(other.admin().clusterId())).toMatchObject({
      code: 'KAFKA_TLS',
      message: expect.stringContaining('token endpoint localhost:'),
    })
  })

  test.each([
    [
      'a wrong secret',
      'wrong-secret',
      [],
      'KAFKA_AUTHENTICATION',
      /token endpoint localhost:\d+ gave no token: HTTP 401\./,
    ],
    [
      'an answer without a token',
      'token-secret',
      ['{"error":"token-secret"}'],
      'KAFKA_AUTHENTICATION',
      /no access_token/,
    ],
    ['an answer that is no JSON', 'token-secret', ['<html>'], 'KAFKA_AUTHENTICATION', /no access_token/],
    [
      'a token that the broker refuses',
      'token-secret',
      Array(100).fill('{"access_token":"a.b.c"}'),
      'KAFKA_AUTHENTICATION',
      /The broker refused the token: invalid_token\./,
    ],
  ])('OAUTHBEARER: %s', async (_name, secret, bodies, code, message) => {
    await using endpoint = await tokenEndpoint()
    endpoint.answers.push(...bodies.map((body) => () => ({ status: 200, body })))
    await using client = await open('SASL_SSL', endpoint.properties(secret))
    const failure = await failureOf(client.admin().clusterId())
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(JSON.stringify(failure) + failure.message).not.toContain('-secret')
  })

  test('what a user may not do is a coded error, and works after the list is changed', async () => {
    await using owner = await open('PLAINTEXT', {})
    const topic = server.prefix('acl')
    await owner.admin().createTopics([{ topic }])
    const bob = () => open('SASL_SSL', sasl('SCRAM-SHA-256', 'bob-secret', 'bob'))
    const record = { topic, key: Buffer.from('k'), value: Buffer.from('v') }
    await using refused = await bob()
    const failure = await failureOf(refused.producer().send([record]))
    expect(['KAFKA_AUTHORIZATION', 'KAFKA_TOPIC_MISSING']).toContain(failure.code)
    const reader = refused.reader({ partitions: [{ topic, partition: 0, offset: 0n }] })
    expect((await failureOf(reader.next(AbortSignal.timeout(20_000)))).code).toBe('KAFKA_AUTHORIZATION')
    expect((await failureOf(refused.admin().createTopics([{ topic: `${topic}-2` }]))).code).toBe('KAFKA_AUTHORIZATION')
    const transactional = refused.producer({ transactionalId: `${topic}-t` })
    expect((await failureOf(transactional.init())).code).toBe('KAFKA_AUTHORIZATION')
    const nothing = async () => undefined
    const group = { groupId: topic, topics: [topic], onAssigned: async () => [], onRevoked: nothing, onLost: nothing }
    const member = refused.member({ ...group, partitions: [] } as MemberOptions)
    expect((await failureOf(member.next(AbortSignal.timeout(20_000)))).code).toBe('KAFKA_AUTHORIZATION')
    await member.close()
    await allow(server.bootstrapServers, 'bob', 'topic', topic)
    await using allowed = await bob()
    await allowed.producer().send([record])
    expect(await readAll(allowed, topic)).toHaveLength(1)
  })
})
