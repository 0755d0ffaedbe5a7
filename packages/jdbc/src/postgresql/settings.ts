import type { Host } from '../url.ts'

/** libpq's sslmode: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS */
export const tlsModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type TlsMode = (typeof tlsModes)[number]

export interface TlsSettings {
  /** Absent: `prefer` on loopback, `verify-full` elsewhere. */
  readonly mode: TlsMode | undefined
  /** Paths of PEM files. `system` or no rootCert: the authorities that Node trusts. */
  readonly rootCert: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly keyPassword: string | undefined
  /** `direct` (PostgreSQL 17): TLS from the first byte. */
  readonly negotiation: 'postgres' | 'direct'
}

export interface ConnectionSettings {
  readonly hosts: readonly Host[]
  readonly database: string
  readonly user: string
  readonly password: string | undefined
  /** Milliseconds for all hosts together. */
  readonly connectTimeout: number
  /** Milliseconds without a byte from the target while an answer is due. 0: no limit. */
  readonly socketTimeout: number
  readonly tls: TlsSettings
  readonly currentSchema: string | undefined
  readonly applicationName: string
  /** May a host that takes no writes be used? Then the first write says so. */
  readonly target: 'any' | 'primary'
}

/** Parameters that mean something here. */
const known = [
  'user',
  'password',
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'sslNegotiation',
  'currentSchema',
  'ApplicationName',
  'connectTimeout',
  'socketTimeout',
  'targetServerType',
] as const

/** Parameters of the Java driver that change nothing that can be seen here: taken, so that a URL of theirs works. */
const withoutEffect = [
  'adaptiveFetch',
  'assumeMinServerVersion',
  'autosave',
  'binaryTransfer',
  'cancelSignalTimeout',
  'defaultRowFetchSize',
  'disableColumnSanitiser',
  'loadBalanceHosts',
  'logUnclosedConnections',
  'loginTimeout',
  'preferQueryMode',
  'prepareThreshold',
  'reWriteBatchedInserts',
  'stringtype',
  'tcpKeepAlive',
] as const

export const connectionParameters: ReadonlySet<string> = new Set([...known, ...withoutEffect])

type Known = (typeof known)[number]

/** Reads the parameters of a URL; reports faults and goes on. */
export function readParameters(
  parameters: ReadonlyMap<string, string>,
  hosts: number,
  fault: (name: string, message: string) => void,
): Omit<ConnectionSettings, 'hosts' | 'database' | 'user' | 'password' | 'connectTimeout'> & {
  connectTimeout?: number
} {
  const get = (name: Known) => parameters.get(name)
  const timeouts = ['connectTimeout', 'socketTimeout'] as const
  for (const name of timeouts) if (!/^\d+$/.test(get(name) ?? '0')) fault(name, 'must be a number of seconds')
  const seconds = get('connectTimeout')
  const type = get('targetServerType')
  const types = ['any', 'primary', 'master', 'preferPrimary', 'secondary', 'slave', 'preferSecondary', 'preferSlave']
  if (type !== undefined && !types.includes(type)) fault('targetServerType', 'must be any or primary')
  else if (type !== undefined && /secondary|slave/i.test(type))
    fault('targetServerType', 'must not be a standby: this is a sink')
  const name = get('ApplicationName') ?? 'cdc'
  return {
    tls: tlsSettings(get, fault),
    currentSchema: get('currentSchema'),
    applicationName: name,
    socketTimeout: Number(get('socketTimeout') ?? 0) * 1000,
    target: type === 'any' || (type === undefined && hosts === 1) ? 'any' : 'primary',
    ...(seconds !== undefined && Number(seconds) > 0 ? { connectTimeout: Number(seconds) * 1000 } : {}),
  }
}

function tlsSettings(
  get: (name: Known) => string | undefined,
  fault: (name: string, message: string) => void,
): TlsSettings {
  const mode = get('sslmode') as TlsMode | undefined
  if (mode !== undefined && !tlsModes.includes(mode)) fault('sslmode', `must be one of ${tlsModes.join(', ')}`)
  const ssl = get('ssl')
  if (ssl !== undefined && !/^(true|false|)$/.test(ssl)) fault('ssl', 'must be true or false')
  const negotiation = get('sslNegotiation') ?? 'postgres'
  if (negotiation !== 'postgres' && negotiation !== 'direct') fault('sslNegotiation', 'must be postgres or direct')
  if ((get('sslcert') === undefined) !== (get('sslkey') === undefined))
    fault(get('sslcert') === undefined ? 'sslkey' : 'sslcert', 'needs the other one of sslcert and sslkey')
  return {
    // ssl=true is verify-full, as in the Java driver
    mode: mode ?? (ssl === 'true' || ssl === '' ? 'verify-full' : undefined),
    rootCert: get('sslrootcert'),
    cert: get('sslcert'),
    key: get('sslkey'),
    keyPassword: get('sslpassword'),
    negotiation: negotiation as 'postgres' | 'direct',
  }
}
