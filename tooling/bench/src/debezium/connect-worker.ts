import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { javaRuntime, mavenJars, type PostgresServer } from '@cdc/servers'
import type { BenchKafka } from '../kafka/broker.ts'
import { cpuOf, memoryOf } from '../proc.ts'
import jars from './debezium-jars.json' with { type: 'json' }

export const debeziumName = 'Debezium 3.7.0 in Kafka Connect 4.3.1'

/** Where a connector reads and writes; `settings` are Debezium's own, over its defaults. */
export interface ConnectorJob {
  readonly source: PostgresServer
  readonly database: string
  readonly slot: string
  readonly prefix: string
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Kafka Connect in standalone mode with one connector of Debezium for PostgreSQL, a process of its own with the memory
 * that Kafka's own script gives it. Everything else is as it comes: JSON without schemas, acks=all.
 */
export class ConnectWorker {
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
  }

  static async start(kafka: BenchKafka, parent: string, job: ConnectorJob): Promise<ConnectWorker> {
    const [{ java }, classes] = await Promise.all([
      javaRuntime(17),
      mavenJars('debezium-postgres-3.7.0', 'Debezium 3.7.0 and Kafka Connect 4.3.1', jars),
    ])
    const folder = mkdtempSync(join(parent, 'connect-'))
    mkdirSync(join(folder, 'plugins'))
    const worker = write(folder, 'worker.properties', workerSettings(await kafka.servers(), folder))
    const connector = write(folder, 'connector.properties', connectorSettings(job))
    const log = openSync(join(folder, 'log'), 'a')
    const main = ['-cp', join(classes, '*'), 'org.apache.kafka.connect.cli.ConnectStandalone', worker, connector]
    const flags = ['-Xms256m', '-Xmx2g', '-XX:+UseG1GC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
    const child = spawn(java, [...flags, ...main], { cwd: folder, stdio: ['ignore', log, log] })
    closeSync(log)
    await once(child, 'spawn')
    return new ConnectWorker(child, folder)
  }

  /** Microseconds of CPU so far. Throws with the end of its log when it has ended. */
  cpu(): number {
    const { exitCode, signalCode } = this.#child
    const used = exitCode === null && signalCode === null ? cpuOf(this.#child.pid!) : undefined
    if (used !== undefined) return used
    const log = readFileSync(join(this.#folder, 'log'), 'utf8')
    throw new Error(`Kafka Connect ended with ${signalCode ?? exitCode}. The end of its log:\n${log.slice(-4000)}`)
  }

  peakRss(): number | undefined {
    return memoryOf(this.#child.pid!, 'VmHWM')
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await closed
  }
}

function workerSettings(servers: string, folder: string): Record<string, string> {
  const converter = 'org.apache.kafka.connect.json.JsonConverter'
  return {
    'bootstrap.servers': servers,
    'key.converter': converter,
    'key.converter.schemas.enable': 'false',
    'value.converter': converter,
    'value.converter.schemas.enable': 'false',
    'offset.storage.file.filename': join(folder, 'offsets'),
    'plugin.path': join(folder, 'plugins'),
    'plugin.discovery': 'hybrid_warn',
    // a free port
    listeners: 'http://127.0.0.1:0',
  }
}

function connectorSettings({ source, database, slot, prefix, settings }: ConnectorJob): Record<string, string> {
  return {
    name: slot,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'plugin.name': 'pgoutput',
    'database.hostname': source.host,
    'database.port': String(source.port),
    'database.user': source.user,
    'database.password': source.password,
    'database.dbname': database,
    'database.sslmode': 'disable',
    'topic.prefix': prefix,
    'table.include.list': 'public.items',
    'slot.name': slot,
    ...settings,
  }
}

function write(folder: string, name: string, settings: Readonly<Record<string, string>>): string {
  const file = join(folder, name)
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
