import type * as net from 'node:net'
import { CdcError, failpoint } from '@cdc/core'
import pg from 'pg'
import { pgError } from '../errors.ts'
import { localError, postgresError, type ServerFields, serverError, sqlStateOf } from '../postgres-error.ts'
import { codeOfTls } from '../sqlstate.ts'
import { aborted, within } from './deadline.ts'
import { type Dialled, describeHost, dial, tlsError } from './dial.ts'
import type { ConnectionOptions } from './options.ts'
import { type Attempt, isLoopback, type TlsPlan, tlsPlan } from './tls.ts'

/** The parts of `pg` that its types leave out. */
export interface PgConnection extends NodeJS.EventEmitter {
  readonly stream: net.Socket
}
export type PgClient = Omit<pg.Client, 'connection' | 'query'> & {
  readonly connection: PgConnection
  readonly processID: number
  query(query: string | pg.QueryConfig): Promise<pg.QueryResult>
  query(query: Submitted): unknown
}
/** A query that drives the connection itself. */
export interface Submitted {
  submit(connection: { query(sql: string): void }): void
}

export interface Connected {
  readonly client: PgClient
  readonly socket: net.Socket
  readonly encrypted: boolean
}

/** Values stay as the server's text, whatever their type. */
const asText = { getTypeParser: () => (value: string | Buffer) => value }

/**
 * A connection up to its first ReadyForQuery, by libpq's rules for sslmode: which tries, in which order, and what
 * makes the second one follow the first.
 */
export async function connect(
  options: ConnectionOptions,
  replication: boolean,
  signal?: AbortSignal,
): Promise<Connected> {
  if (signal?.aborted) throw aborted()
  const plan = tlsPlan(options)
  const timeout = options.connectTimeout ?? 30_000
  let current: net.Socket | undefined
  const work = tryAll(options, plan, replication, (socket) => {
    current = socket
  })
  const late = () =>
    pgError('CONNECT_TIMEOUT', { message: `${describeHost(options)} did not answer within ${timeout} ms.` })
  return within({ timeout, signal, late }, work, () => {
    current?.destroy()
    // a try that ends in spite of the deadline must not leave its connection behind
    work.then(({ socket }) => socket.destroy()).catch(() => {})
  })
}

async function tryAll(
  options: ConnectionOptions,
  plan: TlsPlan,
  replication: boolean,
  onSocket: (socket: net.Socket) => void,
): Promise<Connected> {
  const [first, second] = plan.attempts
  // without TLS at the server `prefer` went on in the clear already: there is no other way to try
  let secure = first === 'tls'
  const onDial = ({ encrypted }: Dialled) => {
    secure = encrypted
  }
  try {
    return await tryOnce(options, plan, first!, replication, onSocket, onDial)
  } catch (error) {
    if (second === undefined || (first === 'tls') !== secure || !retriesOther(first!, error)) throw error
    try {
      return await tryOnce(options, plan, second, replication, onSocket)
    } catch (other) {
      throw bothFailed(first!, CdcError.from(error), CdcError.from(other))
    }
  }
}

/**
 * libpq (fe-connect.c): `prefer` goes on in the clear when the handshake fails or the server refuses the login over
 * TLS; `allow` goes on with TLS when the server refuses the login in the clear.
 */
function retriesOther(tried: Attempt, error: unknown): boolean {
  if (!CdcError.is(error)) return false
  if (sqlStateOf(error)?.startsWith('28')) return true
  return tried === 'tls' && error.code.startsWith('TLS_') && error.code !== 'TLS_INJECTED'
}

function bothFailed(first: Attempt, error: CdcError, other: CdcError): CdcError {
  const [encrypted, plain] = first === 'tls' ? [error, other] : [other, error]
  // a server without TLS has nothing to say about it: the other try was the real one
  const [main, rest, how] =
    encrypted.code === 'TLS_UNSUPPORTED' ? [plain, encrypted, 'With'] : [encrypted, plain, 'Without']
  const { code, kind, hint, where, cause } = main
  const message = `${main.message} ${how} TLS: ${rest.message}`
  return new CdcError({ code, kind, message, where, cause, ...(hint === undefined ? {} : { hint }) })
}

async function tryOnce(
  options: ConnectionOptions,
  plan: TlsPlan,
  attempt: Attempt,
  replication: boolean,
  onSocket: (socket: net.Socket) => void,
  onDial?: (dialled: Dialled) => void,
): Promise<Connected> {
  await failpoint('connection.open')
  const dialled = await dial(options, plan, attempt, onSocket)
  onDial?.(dialled)
  try {
    await failpoint('connection.authenticate')
    const client = await startUp(options, plan, dialled, replication)
    assertNegotiated(plan, dialled)
    return { client, ...dialled }
  } catch (error) {
    dialled.socket.destroy()
    throw loginError(error, options, plan, replication)
  }
}

async function startUp(
  options: ConnectionOptions,
  plan: TlsPlan,
  { socket, encrypted }: Dialled,
  replication: boolean,
): Promise<PgClient> {
  let clear = false
  const password = async (): Promise<string> => {
    if (clear && !encrypted && plan.mode !== 'disable' && !isLoopback(options.host)) throw unprotected(options)
    const given = typeof options.password === 'function' ? await options.password() : options.password
    if (given === undefined || given === '') throw passwordMissing(options)
    return given
  }
  const { host, port, user, database, applicationName = 'cdc' } = options
  const settings = { host, port, user, database, password, application_name: applicationName }
  const client = new pg.Client({
    ...settings,
    ...(replication ? { replication: 'database' } : {}),
    ssl: false,
    sslnegotiation: 'postgres',
    stream: () => connected(socket),
    types: asText,
    enableChannelBinding: true,
  } as pg.ClientConfig) as unknown as PgClient
  withoutEnvironment(client, replication)
  client.connection.on('authenticationCleartextPassword', () => {
    clear = true
  })
  client.on('error', () => {}) // whoever uses the client hears of it on its own listeners
  await client.connect()
  return client
}

/** `pg` wants to connect by itself; this socket has done so. */
function connected(socket: net.Socket): net.Socket {
  socket.connect = () => {
    process.nextTick(() => {
      socket.emit('connect')
      socket.resume()
    })
    return socket
  }
  return socket
}

/** `pg` fills what is not given from PGOPTIONS and PGREPLICATION, which are not ours to obey. */
function withoutEnvironment(client: PgClient, replication: boolean): void {
  const { connectionParameters } = client as unknown as { connectionParameters: Record<string, unknown> }
  connectionParameters.options = undefined
  connectionParameters.replication = replication ? 'database' : undefined
}

/** The state of the connection is what counts, and not what the options asked for. */
function assertNegotiated(plan: TlsPlan, { socket, encrypted }: Dialled): void {
  const secure = 'encrypted' in socket && socket.encrypted === true
  if (secure === encrypted && (secure || plan.plainAllowed)) return
  throw pgError('TLS_FAILED', {
    message: `The connection is ${secure ? '' : 'not '}encrypted, against sslmode '${plan.mode}'.`,
  })
}

function loginError(error: unknown, options: ConnectionOptions, plan: TlsPlan, replication: boolean): CdcError {
  if (CdcError.is(error)) return error
  const { user, database } = options
  const doing = `the ${replication ? 'replication ' : ''}login of ${user} to database ${database} at ${describeHost(options)}`
  const where = {}
  switch (sqlStateOf(error)) {
    case '42501':
      return replication
        ? serverError('NO_REPLICATION_RIGHT', error as ServerFields, doing, where, replicationHint(user))
        : serverError(
            'NO_RIGHT',
            error as ServerFields,
            doing,
            where,
            `GRANT CONNECT ON DATABASE "${database}" TO "${user}";`,
          )
    case '28000':
      return serverError('LOGIN_REFUSED', error as ServerFields, doing, where, loginHint(options, plan))
    case '53300':
      return serverError(
        'TOO_MANY_CONNECTIONS',
        error as ServerFields,
        doing,
        where,
        replication ? sendersHint : undefined,
      )
    case undefined:
      return withoutState(error, options, plan, doing)
    default:
      return postgresError(error, doing, where)
  }
}

function withoutState(error: unknown, options: ConnectionOptions, plan: TlsPlan, doing: string): CdcError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  // TLS 1.3: the server judges our certificate after the handshake is over for us
  if (typeof code === 'string' && codeOfTls(code) !== undefined) return tlsError(error as Error, options, plan)
  if (typeof code === 'string') return postgresError(error, doing)
  const text = error instanceof Error ? error.message : ''
  // pg's own errors have no code: these two say that the connection ended, the rest are about authentication
  return localError(text.startsWith('Connection terminated') ? 'CONNECTION_LOST' : 'AUTH_UNSUPPORTED', error, doing)
}

const sendersHint =
  'Raise the number of walsenders: ALTER SYSTEM SET max_wal_senders = 20; then restart the server. Or stop a replication that is not needed: SELECT pid, application_name, client_addr FROM pg_stat_replication;'

function replicationHint(user: string): string {
  return `Run as superuser: ALTER ROLE "${user}" REPLICATION; on Amazon RDS: GRANT rds_replication TO "${user}"; on Google Cloud SQL and Azure: ALTER USER "${user}" REPLICATION;`
}

function loginHint({ database, user }: ConnectionOptions, plan: TlsPlan): string {
  const kind = plan.mode === 'disable' ? 'host' : 'hostssl'
  return `Add to pg_hba.conf: ${kind} "${database}" "${user}" <address of this machine>/32 scram-sha-256; then SELECT pg_reload_conf(); the role must exist and have LOGIN.`
}

function passwordMissing({ user }: ConnectionOptions): CdcError {
  return pgError('PASSWORD_MISSING', {
    message: `The server asks for the password of ${user}, and none is set.`,
    where: { option: 'password' },
  })
}

function unprotected(options: ConnectionOptions): CdcError {
  return pgError('PASSWORD_UNPROTECTED', {
    message: `${describeHost(options)} asks for the password in clear over a connection that is not encrypted.`,
    where: { option: 'sslmode' },
  })
}
