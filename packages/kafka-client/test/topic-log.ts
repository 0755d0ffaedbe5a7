import { waitFor } from '@cdc/servers'
import { describeGroupsV5, describeTransactionsV0, leaveGroupV5 } from '@platformatic/kafka'
import { Cluster } from '../src/adapters/platformatic/cluster.ts'
import { request } from '../src/adapters/platformatic/connections.ts'
import { openKafkaClient } from '../src/open-client.ts'
import type { KafkaClient, KafkaRecord } from '../src/port.ts'
import { readProperties } from '../src/settings/properties.ts'

export type TopicRecord = KafkaRecord & { readonly partition: number }

/** Reads topics as somebody else would who sees committed records only. */
export class TopicLog implements AsyncDisposable {
  readonly #client: KafkaClient
  readonly #cluster: Cluster

  private constructor(client: KafkaClient, cluster: Cluster) {
    this.#client = client
    this.#cluster = cluster
  }

  static async open(bootstrapServers: string): Promise<TopicLog> {
    const properties = { 'bootstrap.servers': bootstrapServers }
    return new TopicLog(await openKafkaClient(properties), new Cluster(readProperties(properties)))
  }

  /** A decided transaction is seen only when its markers are written, a moment after its commit is answered. */
  async decided(transactionalId: string): Promise<void> {
    await waitFor(
      async () => {
        const connection = await this.#cluster.any()
        const answer = await request(connection, describeTransactionsV0.api, [transactionalId])
        return !answer.transactionStates[0]?.transactionState.startsWith('Prepare')
      },
      { timeout: 60_000, interval: 5, describe: `the markers of ${transactionalId}` },
    )
  }

  /** Throws every member out of the group, as its coordinator does with one that it has not heard of. */
  async expel(groupId: string): Promise<void> {
    await this.#cluster.any()
    const connection = await this.#cluster.node(await this.#cluster.coordinator('group', groupId))
    const { groups } = await request(connection, describeGroupsV5.api, [groupId], false)
    const members = groups[0]!.members.map(({ memberId }) => ({ memberId, groupInstanceId: null, reason: null }))
    await request(connection, leaveGroupV5.api, groupId, members)
  }

  /** All that can be read now: nothing of a transaction that is open. `[]` where there is no such topic. */
  async read(topic: string): Promise<TopicRecord[]> {
    const admin = this.#client.admin()
    const found = (await admin.describe([topic])).get(topic)
    const partitions = (found?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
    if (partitions.length === 0) return []
    const starts = await admin.offsets(partitions, 'earliest', 'read_committed')
    const ends = await admin.offsets(partitions, 'latest', 'read_committed')
    const from = starts.map((start, i) => ({ ...start, endOffset: ends[i]!.offset }))
    await using reader = this.#client.reader({ partitions: from, isolation: 'read_committed' })
    const records: TopicRecord[] = []
    const signal = AbortSignal.timeout(60_000)
    for (let batch = await reader.next(signal); batch !== undefined; batch = await reader.next(signal))
      for (const record of batch.records) records.push({ ...record, partition: batch.partition })
    return records
  }

  async topics(prefix: string): Promise<string[]> {
    return (await this.#client.admin().topics()).filter((topic) => topic.startsWith(prefix)).sort()
  }

  /** The topic's settings and how many partitions it has. */
  async describe(topic: string) {
    const admin = this.#client.admin()
    const found = (await admin.describe([topic])).get(topic)
    return { partitions: found?.partitions.length, config: await admin.topicConfig(topic) }
  }

  get client(): KafkaClient {
    return this.#client
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.#cluster.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
