import type { ConnectionOptions, SslMode, SslOptions } from '@cdc/pg-replication'
import { stateError } from './errors.ts'

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']

/**
 * Reads a URL as libpq does: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS, for one
 * host. Without a password in it, PGPASSWORD of the environment is asked at each connection. Throws STATE_URL, in
 * which no part of the URL is repeated that could be a secret.
 */
export function parseConnectionUrl(written: string): ConnectionOptions {
  const url = URL.parse(written)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) throw fault('It is no postgresql:// URL.')
  const parameters = new Map(url.searchParams)
  const take = (name: string): string | undefined => {
    const value = parameters.get(name)
    parameters.delete(name)
    return value
  }
  const host = take('host') ?? (decode(url.hostname.replace(/^\[(.*)\]$/, '$1')) || 'localhost')
  const port = Number(take('port') ?? (url.port || 5432))
  const user = take('user') ?? decode(url.username)
  const database = take('dbname') ?? decode(url.pathname.slice(1))
  const password = take('password') ?? decode(url.password)
  const timeout = take('connect_timeout')
  const applicationName = take('application_name')
  const ssl = sslOptions(take)
  const [unknown] = parameters.keys()
  if (unknown !== undefined) throw fault(`Its parameter '${unknown}' is unknown.`)
  if (user === '') throw fault('It names no user.')
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw fault('Its port is no number from 1 to 65535.')
  return {
    host,
    port,
    user,
    database: database === '' ? user : database,
    password: password === '' ? () => process.env.PGPASSWORD ?? '' : password,
    ...(applicationName === undefined ? {} : { applicationName }),
    ...(timeout === undefined || !(Number(timeout) > 0) ? {} : { connectTimeout: Number(timeout) * 1000 }),
    ...(ssl === undefined ? {} : { ssl }),
  }
}

function sslOptions(take: (name: string) => string | undefined): SslOptions | undefined {
  const mode = take('sslmode')
  if (mode !== undefined && !modes.includes(mode)) throw fault(`Its sslmode is none of ${modes.join(', ')}.`)
  const options: SslOptions = {
    mode: mode as SslMode | undefined,
    rootCert: take('sslrootcert'),
    cert: take('sslcert'),
    key: take('sslkey'),
    keyPassword: take('sslpassword'),
  }
  return Object.values(options).every((value) => value === undefined) ? undefined : options
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw fault("It has a '%' that begins no escape: write it as %25.")
  }
}

function fault(what: string) {
  return stateError('STATE_URL', { message: `The URL of the state's database cannot be used. ${what}` })
}
