import type { Socket } from 'node:net'
import { CdcError } from '@cdc/core'
import pg from 'pg'
import { error } from '../errors.ts'
import type { Host } from '../url.ts'
import { ServerError, translate } from './server-error.ts'
import type { ConnectionSettings, TlsMode } from './settings.ts'
import { openSocket } from './socket.ts'
import { tlsMode } from './tls.ts'

/** A session at its first ReadyForQuery, with nobody reading the socket. */
export interface Started {
  readonly socket: Socket
  readonly host: Host
  readonly mode: TlsMode
  readonly pid: number
  readonly secretKey: number
  readonly encrypted: boolean
}

/**
 * Starts a session with one host. TCP, TLS and the two attempts of `prefer` and `allow` are ours; start-up and the
 * exchange of the password are `pg`'s. Throws TARGET_UNREACHABLE, TLS_*, TARGET_AUTH, TARGET_DATABASE_MISSING, ...
 */
export async function startSession(settings: ConnectionSettings, host: Host, signal: AbortSignal): Promise<Started> {
  const mode = tlsMode(settings.tls, host.host)
  if (mode !== 'prefer' && mode !== 'allow') return attempt(settings, host, mode, signal)
  const [first, second] = mode === 'prefer' ? (['prefer', 'disable'] as const) : (['disable', 'require'] as const)
  try {
    return await attempt(settings, host, first, signal)
  } catch (cause) {
    // as libpq: the other way is tried where TLS failed or the server refused this way, not where nobody is there
    const other = CdcError.is(cause) && ['TLS_UNTRUSTED', 'TLS_FAILED', 'TARGET_AUTH'].includes(cause.code)
    if (!other) throw cause
    return attempt(settings, host, second, signal).catch(() => {
      throw cause
    })
  }
}

async function attempt(settings: ConnectionSettings, host: Host, mode: TlsMode, signal: AbortSignal): Promise<Started> {
  const { socket, encrypted } = await openSocket(host, mode, settings.tls, signal)
  let asked = false
  const client = new pg.Client({
    // already connected: `pg` is told so when it asks to
    stream: () => connected(socket),
    ssl: false,
    host: host.host,
    port: host.port,
    user: settings.user,
    database: settings.database,
    // a function, so that neither PGPASSWORD nor ~/.pgpass is looked at
    password: () => {
      asked = true
      return settings.password ?? ''
    },
    application_name: settings.applicationName,
  } as pg.ClientConfig) as unknown as Internals
  client.on('error', () => {})
  const abort = () => socket.destroy(new Error('timed out'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    await client.connect()
  } catch (cause) {
    socket.destroy()
    if (asked && settings.password === undefined) throw passwordMissing(settings, host)
    throw startFailure(cause, settings, host)
  } finally {
    signal.removeEventListener('abort', abort)
  }
  socket.removeAllListeners('data')
  return { socket, host, mode, encrypted, pid: client.processID, secretKey: client.secretKey }
}

/** What of a `pg.Client` is read beyond its public types. */
interface Internals {
  readonly processID: number
  readonly secretKey: number
  on(event: 'error', listener: (error: Error) => void): void
  connect(): Promise<unknown>
}

function connected(socket: Socket): Socket {
  socket.connect = () => {
    process.nextTick(() => socket.emit('connect'))
    return socket
  }
  return socket
}

function passwordMissing({ user }: ConnectionSettings, { host, port }: Host): CdcError {
  return error('TARGET_AUTH', {
    message: `The target ${host}:${port} asks for the password of '${user}', and none is given.`,
    hint: 'Add: password: ${env:PGPASSWORD}',
    where: { option: 'password' },
  })
}

function startFailure(cause: unknown, settings: ConnectionSettings, { host, port }: Host): CdcError {
  const where = { option: 'url' }
  if (cause instanceof pg.DatabaseError) {
    const fields = new Map([
      ['C', cause.code ?? 'XX000'],
      ['M', cause.message],
    ])
    return translate(
      new ServerError(fields),
      `connecting to ${host}:${port}/${settings.database} as '${settings.user}'`,
      where,
    )
  }
  const { code } = cause as { code?: string }
  return error('TARGET_UNREACHABLE', {
    message: `The target ${host}:${port} ended the connection during start-up (${code ?? 'no reason given'}).`,
    where,
    cause,
  })
}
