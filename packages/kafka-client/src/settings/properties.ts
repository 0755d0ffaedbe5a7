import { nearest } from '@cdc/core'
import { codecNames } from '../records/codecs.ts'
import { PropertyReader } from './property-reader.ts'
import { propertyTable } from './property-table.ts'
import { readSecurity } from './security.ts'
import type { Assignor, KafkaSettings } from './settings.ts'

/**
 * The settings of a client from properties under the Java client's own names. What is unknown, refused or has no such
 * value throws KAFKA_PROPERTY, with a line for each. Files that are named are read.
 */
export function readProperties(properties: Readonly<Record<string, string>>): KafkaSettings {
  const reader = new PropertyReader(properties)
  for (const name of Object.keys(properties)) refuse(name, reader)
  const settings = {
    brokers: readBrokers(reader),
    clientId: reader.text('client.id') || 'cdc',
    ...readSecurity(reader),
    ...readTimes(reader),
    ...readProducer(reader),
    ...readConsumer(reader),
  }
  reader.throwFaults()
  return settings
}

/** The properties that are known and have no effect, each with the reason: worth a line in the log. */
export function ignoredProperties(properties: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(properties).flatMap((name) => {
    const treatment = treatmentOf(name)
    return treatment?.does === 'ignored' ? [`properties.${name} has no effect: ${treatment.why}.`] : []
  })
}

function treatmentOf(name: string) {
  return Object.hasOwn(propertyTable, name) ? propertyTable[name] : undefined
}

function refuse(name: string, reader: PropertyReader): void {
  const treatment = treatmentOf(name)
  if (treatment?.does === 'refused') reader.fault(`properties.${name} is refused: ${treatment.why}.`)
  if (treatment !== undefined) return
  const near = nearest(name, Object.keys(propertyTable))
  const hint = near === undefined ? '' : `: did you mean properties.${near}?`
  reader.fault(`properties.${name} is no property of the Kafka client${hint}`)
}

function readBrokers(reader: PropertyReader): KafkaSettings['brokers'] {
  const list = (reader.text('bootstrap.servers') ?? '').split(',').map((one) => one.trim())
  const brokers = list.filter(Boolean).flatMap((one) => {
    // as in Java, a protocol before the address goes
    const parts = /^(?:[A-Za-z_]+:\/\/)?(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(one)
    const port = Number(parts?.[3])
    if (parts !== null && port > 0 && port < 65_536) return [{ host: parts[1] ?? parts[2]!, port }]
    reader.fault(`properties.bootstrap.servers: '${one}' has not the form host:port.`)
    return []
  })
  if (brokers.length === 0 && reader.faults.length === 0)
    reader.fault('properties.bootstrap.servers is needed: host:port of one broker or more, with commas.')
  return brokers
}

function readTimes(reader: PropertyReader) {
  return {
    requestTimeout: reader.number('request.timeout.ms', 1),
    connectTimeout: reader.number('socket.connection.setup.timeout.ms', 1),
    apiTimeout: reader.number('default.api.timeout.ms', 1),
    deliveryTimeout: reader.number('delivery.timeout.ms', 1),
    retryBackoff: reader.number('retry.backoff.ms', 1),
    retryBackoffMax: reader.number('retry.backoff.max.ms', 1),
    metadataMaxAge: reader.number('metadata.max.age.ms', 1),
  }
}

function readProducer(reader: PropertyReader) {
  const acks = reader.text('acks')
  if (acks !== undefined && acks !== 'all' && acks !== '-1')
    reader.fault(`properties.acks=${acks} is refused: records would be lost when a broker fails. Leave it out.`)
  const idempotence = reader.oneOf('enable.idempotence', ['true', 'false'], 'true', true)
  if (idempotence === 'false')
    reader.fault('properties.enable.idempotence=false is refused: a repeat would be a second record. Leave it out.')
  return {
    compression: reader.oneOf('compression.type', codecNames, 'none'),
    maxRequestSize: reader.number('max.request.size', 1),
    batchSize: reader.number('batch.size', 1),
    transactionTimeout: reader.number('transaction.timeout.ms', 1),
  }
}

const strategies: Readonly<Record<string, Assignor>> = {
  'cooperative-sticky': 'cooperative-sticky',
  range: 'range',
  roundrobin: 'roundrobin',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
}

function readConsumer(reader: PropertyReader) {
  const session = reader.number('session.timeout.ms', 1)
  const heartbeat = reader.number('heartbeat.interval.ms', 1)
  if (heartbeat >= session)
    reader.fault('properties.heartbeat.interval.ms must be shorter than session.timeout.ms, at most a third of it.')
  return {
    groupId: reader.text('group.id') || undefined,
    instanceId: reader.text('group.instance.id') || undefined,
    isolation: reader.oneOf('isolation.level', ['read_committed', 'read_uncommitted'], 'read_committed', true),
    offsetReset: reader.oneOf('auto.offset.reset', ['earliest', 'latest', 'none'], 'none', true),
    fetchMaxWait: reader.number('fetch.max.wait.ms'),
    fetchMinBytes: reader.number('fetch.min.bytes'),
    fetchMaxBytes: reader.number('fetch.max.bytes', 1),
    maxPartitionFetchBytes: reader.number('max.partition.fetch.bytes', 1),
    maxPollRecords: reader.number('max.poll.records', 1),
    maxPollInterval: reader.number('max.poll.interval.ms', 1),
    sessionTimeout: session,
    heartbeatInterval: heartbeat,
    assignors: readAssignors(reader),
  }
}

function readAssignors(reader: PropertyReader): Assignor[] {
  const names = (reader.text('partition.assignment.strategy') ?? 'cooperative-sticky').split(',')
  const found = names.map((name) => strategies[name.trim()])
  if (found.includes(undefined))
    reader.fault('properties.partition.assignment.strategy has cooperative-sticky, range and roundrobin.')
  return found.filter((one) => one !== undefined)
}
