import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { publish } from '../binaries.ts'
import { makeServerFolder } from '../data-directory.ts'
import { cacheFolder } from '../folders.ts'
import { clearServerFolder } from '../leftovers.ts'
import { freePort } from '../postmaster.ts'
import { unwatch, watch } from '../watch.ts'
import { kafkaJars, kafkaRelease } from './archives.ts'
import { javaRuntime } from './java.ts'
import { JavaProcess, listens } from './java-process.ts'
import { KafkaServer } from './kafka-server.ts'
import { type Secured, securedListeners, securedSettings } from './secured.ts'

export interface KafkaOptions {
  /** Lines of server.properties, over the defaults. */
  readonly settings?: Readonly<Record<string, string>>
  /** Listeners with TLS, SASL and access control beside the plain one; see `Secured`. */
  readonly secured?: Secured
}

const defaults: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'num.partitions': '1',
  'default.replication.factor': '1',
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  // how often transactions are looked for that have timed out
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.coordinator.threads': '1',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  'log.cleaner.threads': '1',
  'log.cleaner.dedupe.buffer.size': '8388608',
  'log.cleaner.backoff.ms': '500',
  'log.index.size.max.bytes': '1048576',
  'log.segment.bytes': '134217728',
  // a broker that was killed can come back after this time only
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'initial.broker.registration.timeout.ms': '60000',
}

/**
 * Starts an Apache Kafka 4 of its own (one node, KRaft) on free ports of 127.0.0.1, without automatic topics. Ready in
 * 1 to 3 s. It is gone with `stop()`, and when this process ends in any way. `sharedKafka` is the one for tests that
 * need nothing special.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const [jars, { java }] = await Promise.all([kafkaJars(), javaRuntime(17)])
  const folder = makeServerFolder()
  await watch(folder)
  try {
    const names = ['PLAINTEXT', 'CONTROLLER', ...(options.secured === undefined ? [] : securedListeners)]
    const ports = new Map<string, number>()
    for (const name of names) ports.set(name, await freePort())
    writeFileSync(join(folder, 'server.properties'), properties(folder, ports, options))
    await format(java, jars, folder, options.secured)
    const launch = () => launchBroker(java, jars, folder, ports.get('PLAINTEXT')!)
    const others = [...ports].filter(([name]) => securedListeners.includes(name))
    const address = {
      bootstrapServers: `127.0.0.1:${ports.get('PLAINTEXT')}`,
      listeners: Object.fromEntries(others.map(([name, port]) => [name, `localhost:${port}`])),
    }
    return new KafkaServer(address, folder, await launch(), launch)
  } catch (error) {
    await clearServerFolder(folder)
    await unwatch(folder)
    throw error
  }
}

function properties(folder: string, ports: ReadonlyMap<string, number>, { settings, secured }: KafkaOptions): string {
  const at = ([name, port]: [string, number], host: string) => `${name}://${host}:${port}`
  const clients = [...ports].filter(([name]) => name !== 'CONTROLLER')
  const all: Record<string, string> = {
    ...defaults,
    'controller.quorum.voters': `1@127.0.0.1:${ports.get('CONTROLLER')}`,
    listeners: [...ports].map((one) => at(one, '127.0.0.1')).join(','),
    'advertised.listeners': clients.map((one) => at(one, one[0] === 'PLAINTEXT' ? '127.0.0.1' : 'localhost')).join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    ...(secured === undefined ? {} : securedSettings(folder, secured)),
    ...settings,
  }
  return `${Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`)
    .join('\n')}\n`
}

const flags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.awt.headless=true']

function launchBroker(java: string, jars: string, folder: string, port: number): Promise<JavaProcess> {
  const logging = [
    '-Dorg.slf4j.simpleLogger.logFile=System.out',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=info',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
  ]
  const main = ['-cp', join(jars, '*'), 'kafka.Kafka', join(folder, 'server.properties')]
  const args = ['-Xmx256m', '-Xms64m', ...flags, ...logging, ...main]
  // the port for clients opens last
  return JavaProcess.start({ java, name: `Kafka ${kafkaRelease}`, folder, args }, () => listens(port))
}

const written = ['meta.properties', 'bootstrap.checkpoint']

/** What formatting writes is kept for the next broker with the same users: it costs a JVM of its own. */
async function format(java: string, jars: string, folder: string, secured: Secured | undefined): Promise<void> {
  const users = (secured?.users ?? []).flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},iterations=4096,password=${password}]`,
    ]),
  )
  const key = createHash('sha256').update(users.join('\n')).digest('hex').slice(0, 12)
  const template = join(cacheFolder(), `kafka-${kafkaRelease}-format-${key}`)
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  if (existsSync(template)) {
    for (const name of written) copyFileSync(join(template, name), join(data, name))
    return
  }
  const args = [...flags, '-Xmx128m', '-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format']
  const cluster = ['-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', join(folder, 'server.properties')]
  await promisify(execFile)(java, [...args, ...cluster, ...users])
  const draft = mkdtempSync(`${template}.draft-`)
  for (const name of written) copyFileSync(join(data, name), join(draft, name))
  chmodSync(draft, 0o755)
  if (existsSync(template)) rmSync(draft, { recursive: true })
  else publish(draft, template)
}
