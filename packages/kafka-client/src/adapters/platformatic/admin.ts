import {
  createTopicsV7,
  deleteTopicsV6,
  describeConfigsV4,
  listOffsetsV7,
  offsetCommitV8,
  offsetFetchV8,
} from '@platformatic/kafka'
import { protocolError } from '../../errors/protocol-codes.ts'
import { kafkaError } from '../../errors.ts'
import type {
  Admin,
  Isolation,
  NewTopic,
  OffsetSpec,
  PartitionOffset,
  TopicDescription,
  TopicPartition,
} from '../../port.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { Deadline } from '../deadline.ts'
import { keyOf } from '../partition-state.ts'
import { byTopic } from './by-topic.ts'
import { Again, Cluster, failed } from './cluster.ts'
import { request } from './connections.ts'

const topicResource = 2
const alreadyExists = 36

/** See `Admin` of the port. */
export class PlatformaticAdmin implements Admin {
  readonly #cluster: Cluster

  constructor(settings: KafkaSettings) {
    this.#cluster = new Cluster(settings)
  }

  async clusterId(signal?: AbortSignal): Promise<string> {
    return (await this.#retry('tell its cluster id', signal, () => this.#cluster.metadata([]))).clusterId ?? ''
  }

  async topics(signal?: AbortSignal): Promise<readonly string[]> {
    const { topics } = await this.#retry('list the topics', signal, () => this.#cluster.metadata(null))
    return topics.filter(({ isInternal }) => !isInternal).map(({ name }) => name!)
  }

  async describe(names: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, TopicDescription>> {
    if (names.length === 0) return new Map()
    return this.#retry('describe topics', signal, async () => {
      const { topics } = await this.#cluster.metadata(names)
      const found = topics.filter(({ errorCode, name }) => {
        if (errorCode !== 0 && errorCode !== 3) failed(errorCode, `describe topic '${name}'`)
        return errorCode === 0
      })
      return new Map(
        found.map(({ name, topicId, partitions }) => [
          name!,
          {
            topic: name!,
            topicId,
            partitions: partitions
              .map((one) => ({
                partition: one.partitionIndex,
                leader: one.leaderId,
                replicas: one.replicaNodes,
                inSync: one.isrNodes,
              }))
              .sort((a, b) => a.partition - b.partition),
          },
        ]),
      )
    })
  }

  async createTopics(topics: readonly NewTopic[], signal?: AbortSignal): Promise<readonly string[]> {
    if (topics.length === 0) return []
    const asked = topics.map(({ topic, partitions, replicationFactor, config }) => ({
      name: topic,
      numPartitions: partitions ?? -1,
      replicationFactor: replicationFactor ?? -1,
      assignments: [],
      configs: Object.entries(config ?? {}).map(([name, value]) => ({ name, value })),
    }))
    const made = await this.#retry('create topics', signal, async () => {
      const connection = await this.#controller()
      const answer = await request(connection, createTopicsV7.api, asked, this.#cluster.settings.requestTimeout, false)
      const refused = answer.topics.find(({ errorCode }) => errorCode !== 0 && errorCode !== alreadyExists)
      if (refused !== undefined) failed(refused.errorCode, `create topic '${refused.name}'`, refused.errorMessage)
      return answer.topics.filter(({ errorCode }) => errorCode === 0).map(({ name }) => name)
    })
    await this.#retry('make the new topics ready', signal, async () => {
      const { topics: known } = await this.#cluster.metadata(topics.map(({ topic }) => topic))
      const unready = known.find(
        ({ errorCode, partitions }) => errorCode !== 0 || partitions.some(({ leaderId }) => leaderId < 0),
      )
      if (unready !== undefined)
        throw new Again(protocolError(unready.errorCode || 5, `create topic '${unready.name}'`))
    })
    return made
  }

  async deleteTopics(topics: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#retry('delete topics', signal, async () => {
      const list = topics.map((name) => ({ name, topicId: null }))
      const connection = await this.#controller()
      const answer = await request(connection, deleteTopicsV6.api, list, this.#cluster.settings.requestTimeout)
      for (const { name, errorCode, errorMessage } of answer.responses)
        if (errorCode !== 0 && errorCode !== 3) failed(errorCode, `delete topic '${name}'`, errorMessage)
    })
  }

  async topicConfig(topic: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string | null>> {
    return this.#retry('describe a topic’s settings', signal, async () => {
      const resource = { resourceType: topicResource, resourceName: topic, configurationKeys: null } as const
      const answer = await request(await this.#cluster.any(), describeConfigsV4.api, [resource], false, false)
      const { errorCode, errorMessage, configs } = answer.results[0]!
      if (errorCode !== 0) failed(errorCode, `describe the settings of topic '${topic}'`, errorMessage)
      return new Map(configs.map(({ name, value }) => [name, value ?? null]))
    })
  }

  async offsets(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    isolation: Isolation,
    signal?: AbortSignal,
  ): Promise<readonly PartitionOffset[]> {
    const timestamp = at === 'earliest' ? -2n : at === 'latest' ? -1n : at.timestamp
    const found = await this.#retry('look offsets up', signal, () =>
      this.#listOffsets(partitions, timestamp, isolation),
    )
    const beyond = found.filter(({ offset }) => offset < 0n)
    const latest = beyond.length === 0 ? [] : await this.offsets(beyond, 'latest', isolation, signal)
    const known = new Map([...found, ...latest].map((one) => [keyOf(one), one]))
    return partitions.map((one) => known.get(keyOf(one))!)
  }

  async #listOffsets(partitions: readonly TopicPartition[], timestamp: bigint, isolation: Isolation) {
    const topics = await this.#cluster.topics([...new Set(partitions.map(({ topic }) => topic))], 'look into')
    const leaders = new Map<number, TopicPartition[]>()
    for (const one of partitions) {
      const found = topics.get(one.topic)!.partitions.find(({ partitionIndex }) => partitionIndex === one.partition)
      if (found === undefined || found.leaderId < 0) {
        this.#cluster.forget([one.topic])
        failed(found === undefined ? 3 : 5, `look into topic '${one.topic}', partition ${one.partition}`)
      }
      leaders.set(found.leaderId, [...(leaders.get(found.leaderId) ?? []), one])
    }
    const answers = [...leaders].map(async ([leader, list]) => {
      const asked = byTopic(list).map(([name, same]) => ({
        name,
        partitions: same.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp })),
      }))
      const level = isolation === 'read_committed' ? 1 : 0
      const answer = await request(await this.#cluster.node(leader), listOffsetsV7.api, -1, level, asked)
      return answer.topics.flatMap(({ name, partitions: got }) =>
        got.map(({ partitionIndex, errorCode, offset }) => {
          if (errorCode !== 0) {
            this.#cluster.forget([name])
            failed(errorCode, `look into topic '${name}', partition ${partitionIndex}`)
          }
          return { topic: name, partition: partitionIndex, offset }
        }),
      )
    })
    return (await Promise.all(answers)).flat()
  }

  async groupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    signal?: AbortSignal,
  ): Promise<readonly PartitionOffset[]> {
    const deadline = this.#deadline(`read the offsets of group '${groupId}'`, signal)
    return this.#cluster.retry(deadline, () => groupOffsets(this.#cluster, groupId, partitions))
  }

  async alterGroupOffsets(groupId: string, offsets: readonly PartitionOffset[], signal?: AbortSignal): Promise<void> {
    const what = `set the offsets of group '${groupId}'`
    const topics = byTopic(offsets).map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: '',
      })),
    }))
    await this.#retry(what, signal, async () => {
      const connection = await this.#cluster.node(await this.#cluster.coordinator('group', groupId))
      const answer = await request(connection, offsetCommitV8.api, groupId, -1, '', null, topics)
      for (const { partitions } of answer.topics)
        for (const { errorCode } of partitions) {
          // without a generation only an empty group takes offsets
          if (errorCode === 25 || errorCode === 22)
            throw kafkaError('KAFKA_GROUP_BUSY', { message: `Group '${groupId}' has members.` })
          if (errorCode !== 0) failed(errorCode, what)
        }
    })
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }

  async #controller() {
    const { controllerId } = await this.#cluster.metadata([])
    return controllerId < 0 ? this.#cluster.any() : this.#cluster.node(controllerId)
  }

  #retry<T>(what: string, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    return this.#cluster.retry(this.#deadline(what, signal), attempt)
  }

  #deadline(what: string, signal: AbortSignal | undefined): Deadline {
    return new Deadline(this.#cluster.settings.apiTimeout, what, signal)
  }
}

/** Waits for offsets that are in an open transaction (KIP-447). */
export async function groupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<PartitionOffset[]> {
  const what = `read the offsets of group '${groupId}'`
  const topics = byTopic(partitions).map(([name, list]) => ({
    name,
    partitionIndexes: list.map(({ partition }) => partition),
  }))
  const connection = await cluster.node(await cluster.coordinator('group', groupId))
  const asked = [{ groupId, memberId: null, memberEpoch: -1, topics }]
  const group = (await request(connection, offsetFetchV8.api, asked, true)).groups[0]!
  if (group.errorCode !== 0) failed(group.errorCode, what)
  return group.topics.flatMap(({ name, partitions: got }) =>
    got.flatMap(({ partitionIndex, errorCode, committedOffset }) => {
      if (errorCode !== 0) failed(errorCode, what)
      return committedOffset < 0n ? [] : [{ topic: name, partition: partitionIndex, offset: committedOffset }]
    }),
  )
}
