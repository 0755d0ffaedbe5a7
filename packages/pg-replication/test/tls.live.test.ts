import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { type Certificates, makeCertificates, type PostgresServer, startPostgres } from '@cdc/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ConnectionOptions,
  createSlot,
  FrameCursor,
  ReplicationStream,
  Session,
  type SslOptions,
  XLOG_DATA,
} from '../src/index.ts'
import { reach, refusal } from './server.ts'

const hba = `hostssl all certified 127.0.0.1/32 cert
hostssl all tls_only 127.0.0.1/32 scram-sha-256
hostnossl all plain_only 127.0.0.1/32 scram-sha-256
hostnossl all clear_text 127.0.0.1/32 password
host all postgres 127.0.0.1/32 scram-sha-256
host replication postgres 127.0.0.1/32 scram-sha-256
`

let certificates: Certificates
let secure: PostgresServer
let other: PostgresServer
let bare: PostgresServer

beforeAll(async () => {
  certificates = await makeCertificates('certified')
  const { server, wrongHost, ca } = certificates
  ;[secure, other, bare] = await Promise.all([
    startPostgres({ tls: { ...server, ca }, hba }),
    startPostgres({ tls: { ...wrongHost, ca } }),
    startPostgres(),
  ])
  for (const role of ['certified', 'tls_only', 'plain_only', 'clear_text']) {
    await secure.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  }
})

afterAll(async () => {
  await Promise.all([secure, other, bare].map((server) => server?.stop()))
  certificates?.remove()
})

async function encrypted(options: ConnectionOptions): Promise<boolean> {
  const session = await Session.open(options)
  const [row] = await session.query('SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()')
  await session.close()
  expect(session.encrypted).toBe(row!.ssl === 't')
  return session.encrypted
}

const on = (server: PostgresServer, ssl: SslOptions, more: Partial<ConnectionOptions> = {}) =>
  encrypted(reach(server, { ssl, ...more }))

test('disable, allow, prefer and require do as libpq does where the server leaves the choice', async () => {
  expect(await on(secure, { mode: 'disable' })).toBe(false)
  expect(await on(secure, { mode: 'allow' })).toBe(false)
  expect(await on(secure, { mode: 'prefer' })).toBe(true)
  expect(await on(secure, { mode: 'require' })).toBe(true)
  expect(await on(secure, {})).toBe(true)
})

test('a server without TLS is taken by allow and prefer and refused by the rest', async () => {
  expect(await on(bare, { mode: 'allow' })).toBe(false)
  expect(await on(bare, { mode: 'prefer' })).toBe(false)
  for (const mode of ['require', 'verify-full'] as const) {
    expect(await refusal(on(bare, { mode }))).toMatchObject({
      code: 'TLS_UNSUPPORTED',
      hint: expect.stringContaining('sslmode'),
    })
  }
})

test('allow turns to TLS, and prefer from it, where the server refuses the login', async () => {
  const tlsOnly = { user: 'tls_only', password: 'secret' }
  const plainOnly = { user: 'plain_only', password: 'secret' }
  expect(await on(secure, { mode: 'allow' }, tlsOnly)).toBe(true)
  expect(await on(secure, { mode: 'prefer' }, plainOnly)).toBe(false)
  expect(await refusal(on(secure, { mode: 'disable' }, tlsOnly))).toMatchObject({ code: 'LOGIN_REFUSED', kind: 'auth' })
  expect(await refusal(on(secure, { mode: 'require' }, plainOnly))).toMatchObject({ code: 'LOGIN_REFUSED' })
})

test('verify-ca checks the authority and verify-full the name too', async () => {
  const { ca: rootCert, otherCa } = certificates
  expect(await on(secure, { mode: 'verify-ca', rootCert })).toBe(true)
  expect(await on(secure, { mode: 'verify-full', rootCert })).toBe(true)
  expect(await on(secure, { mode: 'verify-full', rootCert }, { host: 'localhost' })).toBe(true)
  expect(await on(other, { mode: 'verify-ca', rootCert })).toBe(true)
  expect(await refusal(on(other, { mode: 'verify-full', rootCert }))).toMatchObject({
    code: 'TLS_WRONG_HOST',
    kind: 'config',
  })
  for (const mode of ['verify-ca', 'verify-full', 'require'] as const) {
    expect(await refusal(on(secure, { mode, rootCert: otherCa }))).toMatchObject({ code: 'TLS_UNTRUSTED' })
  }
  expect(await refusal(on(secure, { mode: 'verify-full' }))).toMatchObject({ code: 'TLS_UNTRUSTED' })
})

test('require without an authority checks nothing, and prefer goes on in the clear when the check fails', async () => {
  expect(await on(other, { mode: 'require' })).toBe(true)
  expect(await on(secure, { mode: 'prefer', rootCert: certificates.otherCa })).toBe(false)
})

test('an expired certificate is named as such', async () => {
  const { expired, ca } = certificates
  await using server = await startPostgres({ tls: expired })
  expect(await refusal(on(server, { mode: 'verify-full', rootCert: ca }))).toMatchObject({ code: 'TLS_EXPIRED' })
})

test('a client certificate logs in, with its key in the clear or encrypted', async () => {
  const { ca: rootCert, client, stranger } = certificates
  const user = { user: 'certified', password: undefined }
  const mode = 'verify-full'
  expect(await on(secure, { mode, rootCert, cert: client.cert, key: client.key }, user)).toBe(true)
  const locked = { mode, rootCert, cert: client.cert, key: client.encryptedKey } as const
  expect(await on(secure, { ...locked, keyPassword: client.keyPassword }, user)).toBe(true)
  for (const keyPassword of [undefined, 'wrong']) {
    expect(await refusal(on(secure, { ...locked, keyPassword }, user))).toMatchObject({
      code: 'TLS_FILE',
      hint: expect.stringContaining('sslpassword'),
    })
  }
  expect(await refusal(on(secure, { mode, rootCert }, user))).toMatchObject({ code: 'LOGIN_REFUSED' })
  expect(await refusal(on(secure, { mode, rootCert, cert: stranger.cert, key: stranger.key }, user))).toMatchObject({
    code: 'TLS_CLIENT_REFUSED',
  })
})

test('options that contradict each other and files that cannot be used are refused before connecting', async () => {
  const nowhere = { port: 1 }
  const { client, ca } = certificates
  expect(await refusal(on(secure, { mode: 'verify-ca' }, nowhere))).toMatchObject({ code: 'TLS_OPTIONS' })
  expect(await refusal(on(secure, { mode: 'require', rootCert: 'system' }, nowhere))).toMatchObject({
    code: 'TLS_OPTIONS',
  })
  expect(await refusal(on(secure, { mode: 'require', cert: client.cert }, nowhere))).toMatchObject({
    code: 'TLS_OPTIONS',
  })
  expect(await refusal(on(secure, { mode: 'verify-full', rootCert: '/no/such' }, nowhere))).toMatchObject({
    code: 'TLS_FILE',
  })
  expect(await refusal(on(secure, { mode: 'verify-full', rootCert: client.key }, nowhere))).toMatchObject({
    code: 'TLS_FILE',
  })
  expect(await refusal(on(secure, { mode: 'require', cert: ca, key: client.key }, nowhere))).toMatchObject({
    code: 'TLS_FILE',
  })
})

test('other hosts default to verify-full, and the error names the option', async () => {
  // a name of this machine that is not one of loopback's
  const { hostname } = await import('node:os')
  const { lookup } = await import('node:dns/promises')
  const { address } = await lookup(hostname(), 4).catch(() => ({ address: '127.0.0.1' }))
  await using server = await startPostgres({
    settings: { listen_addresses: '*' },
    hba: 'host all all all scram-sha-256\n',
  })
  if (address.startsWith('127.')) return
  const error = await refusal(encrypted(reach(server, { host: address })))
  expect(error).toMatchObject({ code: 'TLS_UNSUPPORTED', hint: expect.stringContaining('sslmode') })
  expect(error.message).toContain("'verify-full', the default")
})

test('the stream runs over TLS', async () => {
  const options = reach(secure, { ssl: { mode: 'verify-full', rootCert: certificates.ca } })
  const session = await Session.open(options)
  await session.query('CREATE TABLE public.t (id int PRIMARY KEY); CREATE PUBLICATION pub FOR TABLE public.t')
  await (await createSlot(options, { name: 'tls' })).release()
  const stream = await ReplicationStream.start(options, { slot: 'tls', start: 0n, publications: ['pub'] })
  await session.query('INSERT INTO public.t SELECT generate_series(1, 50000)')
  const cursor = new FrameCursor()
  let inserts = 0
  while (inserts < 50_000) {
    const buffer = (await stream.read())!
    cursor.reset(buffer)
    for (let kind = cursor.next(); kind !== 0; kind = cursor.next()) {
      if (kind === XLOG_DATA && buffer[cursor.start] === 0x49) inserts++
    }
  }
  const sql = 'SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = $1::int'
  expect(await session.query(sql, [String(stream.pid)])).toEqual([{ ssl: 't' }])
  expect(inserts).toBe(50_000)
  await stream.close()
  await session.close()
})

test('COPY runs over TLS', async () => {
  const session = await Session.open(reach(secure, { ssl: { mode: 'require' } }))
  let text = ''
  const rows = await session.copyOut('COPY (SELECT i FROM generate_series(1, 20000) i) TO STDOUT', (chunk) => {
    text += chunk
  })
  expect(rows).toBe(20_000)
  expect(text).toBe(Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join(''))
  await session.close()
})

async function attacker(answer: string): Promise<{ server: Server; options: ConnectionOptions }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const options = { host: '127.0.0.1', port, user: 'u', password: 'p', database: 'd', connectTimeout: 3000 }
  return { server, options }
}

test('bytes between the answer to the request for TLS and the handshake are an attack', async () => {
  const { server, options } = await attacker('SR\0\0\0\x08\0\0\0\0')
  for (const mode of ['prefer', 'require'] as const) {
    expect(await refusal(Session.open({ ...options, ssl: { mode } }))).toMatchObject({
      code: 'TLS_INJECTED',
      kind: 'conflict',
    })
  }
  server.close()
})

test('a server that asks for the password in clear does not get it over an open connection to another machine', async () => {
  const loopback = await Session.open(
    reach(secure, { user: 'clear_text', password: 'secret', ssl: { mode: 'disable' } }),
  )
  expect(loopback.encrypted).toBe(false)
  await loopback.close()
})
