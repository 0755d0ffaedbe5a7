import { type KafkaAddress, KafkaConnection, type KafkaServer } from './kafka-server.ts'
import { startKafka } from './start-kafka.ts'
import { type Registry, type RegistryServer, startRegistry } from './start-registry.ts'
import { warmUp } from './warm-up.ts'

/** Set by the test run's main process: where workers ask for the shared servers. */
const address = 'CDC_SHARED_SERVERS'

let kafka: Promise<KafkaServer> | undefined
let registry: Promise<RegistryServer> | undefined

/**
 * The broker that all test files of a run share, started when first asked for; `CDC_TEST_KAFKA=host:port` names one of
 * the user's own instead. Name topics, groups and transactional ids after its `prefix()`, and leave settings and the
 * process alone. It has no automatic topics.
 */
export async function sharedKafka(): Promise<KafkaConnection> {
  const own = process.env.CDC_TEST_KAFKA
  if (own) return new KafkaConnection({ bootstrapServers: own, listeners: {}, pid: undefined })
  return new KafkaConnection(await ask<KafkaAddress>('kafka'))
}

/**
 * The schema registry that all test files of a run share, in the same way; `CDC_TEST_REGISTRY=url` names one of the
 * user's own. Name subjects after something of yours, and leave the global settings alone: compatibility is BACKWARD.
 */
export async function sharedRegistry(): Promise<Registry> {
  const own = process.env.CDC_TEST_REGISTRY
  return own ? { url: own.replace(/\/+$/, '') } : ask<Registry>('registry')
}

/** Answers for a worker, in the process that owns the servers; undefined: no server of ours. */
export async function sharedServer(name: string): Promise<KafkaAddress | Registry | undefined> {
  if (name === 'kafka') {
    kafka ??= startWarm()
    const { bootstrapServers, listeners, pid } = await kafka
    return { bootstrapServers, listeners, pid }
  }
  if (name !== 'registry') return undefined
  registry ??= startRegistry()
  return { url: (await registry).url }
}

export async function stopSharedServers(): Promise<void> {
  const started = await Promise.allSettled([kafka, registry])
  kafka = registry = undefined
  await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value?.stop() : undefined)))
}

async function startWarm(): Promise<KafkaServer> {
  const server = await startKafka()
  await warmUp(server.bootstrapServers)
  return server
}

/** Outside a test run the servers belong to this process. */
async function ask<T>(name: string): Promise<T> {
  const place = process.env[address]
  if (place === undefined) return (await sharedServer(name)) as T
  const answer = await fetch(`${place}/${name}`)
  const body = await answer.text()
  if (!answer.ok) throw new Error(body)
  return JSON.parse(body) as T
}
