import { appendFileSync, chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBinaries } from './binaries.ts'
import { fillDataDirectory, handOver, initialise, makeServerFolder } from './data-directory.ts'
import { clearServerFolder } from './leftovers.ts'
import { PostgresServer } from './postgres-server.ts'
import { freePort, Postmaster } from './postmaster.ts'
import type { PostgresVersion } from './versions.ts'
import { unwatch, watch } from './watch.ts'

export interface PostgresOptions {
  /** Default 15. */
  readonly version?: PostgresVersion
  /** Lines of postgresql.conf, over the defaults below. Text values are quoted for you. */
  readonly settings?: Readonly<Record<string, string>>
  /** The whole of pg_hba.conf. Default: everybody by password (SCRAM) from 127.0.0.1, replication too. */
  readonly hba?: string
  /** Paths of PEM files (`makeCertificates`). Switches TLS on; `hba` decides who must use it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string }
  /** With a system identifier of its own: servers of one version are copies of one cluster otherwise. Takes seconds. */
  readonly fresh?: boolean
}

const defaults: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  max_wal_senders: '100',
  max_replication_slots: '100',
  max_connections: '300',
  max_prepared_transactions: '10',
  shared_buffers: '64MB',
  // the machine may crash: these servers do not outlive it
  fsync: 'off',
  full_page_writes: 'off',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

const defaultHba = `host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
`

/**
 * Starts a PostgreSQL of its own on a free port of 127.0.0.1, with wal_level logical and room for slots. It is gone
 * with `stop()`, and when this process ends in any way. For tests that need no special server `sharedPostgres` is
 * faster.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const version = options.version ?? 15
  const binaries = findBinaries(version)
  const folder = makeServerFolder()
  await watch(folder)
  try {
    const data = join(folder, 'data')
    await (options.fresh === true ? initialise(binaries, data) : fillDataDirectory(binaries, data))
    configure(data, options)
    return await startOnFreePort(async (port) => {
      const postmaster = await Postmaster.start(binaries, data, port)
      return new PostgresServer(version, binaries, data, port, postmaster)
    })
  } catch (error) {
    await clearServerFolder(folder)
    await unwatch(folder)
    throw error
  }
}

/** Between looking for a port and taking it another process may have taken it. */
export async function startOnFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('could not bind')
      if (!taken || attempt === 5) throw error
    }
  }
}

function configure(data: string, { settings, hba, tls }: PostgresOptions): void {
  appendFileSync(join(data, 'postgresql.conf'), settingLines({ ...defaults, ...tlsSettings(data, tls), ...settings }))
  writeFileSync(join(data, 'pg_hba.conf'), hba ?? defaultHba)
}

/** Lines of postgresql.conf; later ones win. */
export function settingLines(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
  return `\n${lines.join('')}`
}

/** The server insists on owning its key, so it gets copies. */
function tlsSettings(data: string, tls: PostgresOptions['tls']): Record<string, string> {
  if (tls === undefined) return {}
  const take = (path: string, name: string) => {
    const copy = join(data, name)
    copyFileSync(path, copy)
    chmodSync(copy, 0o600)
    handOver(copy)
    return name
  }
  return {
    ssl: 'on',
    ssl_cert_file: take(tls.cert, 'server.crt'),
    ssl_key_file: take(tls.key, 'server.key'),
    ...(tls.ca === undefined ? {} : { ssl_ca_file: take(tls.ca, 'root.crt') }),
  }
}
