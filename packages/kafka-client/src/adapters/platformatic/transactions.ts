import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  endTxnV3,
  initProducerIdV4,
  txnOffsetCommitV3,
} from '@platformatic/kafka'
import type { Member, PartitionOffset, TopicPartition } from '../../port.ts'
import { Deadline } from '../deadline.ts'
import { byTopic } from './by-topic.ts'
import { Again, type Cluster, failed } from './cluster.ts'
import { request } from './connections.ts'
import { movedOn } from './group-errors.ts'
import { groupCode } from './group-session.ts'
import { PlatformaticMember } from './member.ts'

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
}

/**
 * The producer's talk with the transaction coordinator (KIP-98). InitProducerId is asked with -1 and -1: that is what
 * fences; the client's own Producer asks with 0 and 0, which turns fencing round.
 */
export class Transactions {
  readonly id: string | null
  readonly #cluster: Cluster
  readonly #timeout: number
  readonly #added = new Set<string>()
  #identity: ProducerIdentity = { producerId: -1n, epoch: -1 }
  #coordinator: number | undefined
  #groupCoordinator: { readonly groupId: string; readonly id: number } | undefined
  /** A request of this transaction was asked again: the one before may be under way still. */
  #repeated = false

  constructor(cluster: Cluster, id: string | null, timeout: number) {
    this.#cluster = cluster
    this.id = id
    this.#timeout = timeout
  }

  async init(signal: AbortSignal | undefined): Promise<ProducerIdentity> {
    const what = this.id === null ? 'give a producer id' : `take over transactional id '${this.id}'`
    const deadline = this.#deadline(what, signal)
    return this.#initialize(deadline, { producerId: -1n, epoch: -1 })
  }

  /**
   * A new epoch, where a request of the transaction that has ended was asked more than once: one that arrives late would
   * end the next transaction in its middle, or begin one that nobody ends, and is refused under the old epoch. Given
   * the epoch that is ours, the coordinator refuses it to whoever has been taken over (KIP-360). undefined: no need.
   */
  async renew(signal: AbortSignal | undefined): Promise<ProducerIdentity | undefined> {
    if (!this.#repeated) return undefined
    const renewed = await this.#initialize(
      this.#deadline(`go on with transactional id '${this.id}'`, signal),
      this.#identity,
    )
    this.#repeated = false
    return renewed
  }

  async #initialize(deadline: Deadline, { producerId, epoch }: ProducerIdentity): Promise<ProducerIdentity> {
    this.#identity = await this.#cluster.retry(deadline, async () => {
      const connection = this.id === null ? await this.#cluster.any() : await this.#connection()
      const timeout = this.id === null ? 0 : this.#timeout
      const answer = await request(connection, initProducerIdV4.api, this.id, timeout, producerId, epoch)
      this.#check(answer.errorCode, deadline.what)
      return { producerId: answer.producerId, epoch: answer.producerEpoch }
    })
    return this.#identity
  }

  /** Before the first record of a partition in a transaction. */
  async addPartitions(partitions: readonly TopicPartition[], deadline: Deadline): Promise<void> {
    const fresh = partitions.filter((one) => !this.#added.has(keyOf(one)))
    if (fresh.length === 0) return
    const topics = byTopic(fresh).map(([name, list]) => ({ name, partitions: list.map(({ partition }) => partition) }))
    await this.#ask(deadline, async () => {
      const transaction = { ...this.#who(), verifyOnly: false, topics }
      const answer = await request(await this.#connection(), addPartitionsToTxnV3.api, [transaction])
      const results = answer.resultsByTransaction.flatMap(({ topicResults }) => topicResults)
      // a partition that was not tried (55) stands beside the one that is at fault
      const codes = results.flatMap(({ name, resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => [name, partitionErrorCode] as const),
      )
      const fault = codes.find(([, code]) => code !== 0 && code !== 55) ?? codes.find(([, code]) => code !== 0)
      if (fault !== undefined) this.#check(fault[1], `write to topic '${fault[0]}' in transaction '${this.id}'`)
    })
    for (const one of fresh) this.#added.add(keyOf(one))
  }

  /** KIP-447: the group's coordinator checks the member's generation. */
  async addOffsets(
    group: Member | { readonly groupId: string },
    offsets: readonly PartitionOffset[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { groupId } = membershipIn(group, offsets)
    const what = `commit offsets of group '${groupId}' in transaction '${this.id}'`
    const deadline = this.#deadline(what, signal)
    const { transactionalId, producerId, producerEpoch } = this.#who()
    await this.#ask(deadline, async () => {
      const connection = await this.#connection()
      const answer = await request(
        connection,
        addOffsetsToTxnV3.api,
        transactionalId,
        producerId,
        producerEpoch,
        groupId,
      )
      this.#check(answer.errorCode, what)
    })
    this.#added.add('')
    const topics = byTopic(offsets).map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    }))
    await this.#cluster.retry(deadline, async () => {
      const connection = await this.#groupConnection(groupId)
      const { memberId, generation, instanceId, moved } = membershipIn(group, offsets)
      const answer = await request(
        connection,
        txnOffsetCommitV3.api,
        transactionalId,
        groupId,
        producerId,
        producerEpoch,
        generation,
        memberId,
        instanceId,
        topics,
      )
      const codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
      const code = codes.find((one) => one !== 0) ?? 0
      if (code !== 0) this.#groupCoordinator = undefined
      if (code === groupCode.illegalGeneration && (await moved())) throw movedOn(what)
      if (code !== 0) failed(code, what)
    })
  }

  /** Asked again until it is decided: the coordinator answers a repeat as it answered the first. */
  async end(commit: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (this.#added.size > 0) {
      const what = `${commit ? 'commit' : 'abort'} transaction '${this.id}'`
      const { transactionalId, producerId, producerEpoch } = this.#who()
      await this.#ask(this.#deadline(what, signal), async () => {
        const connection = await this.#connection()
        const answer = await request(connection, endTxnV3.api, transactionalId, producerId, producerEpoch, commit)
        this.#check(answer.errorCode, what)
      })
    }
    this.#added.clear()
  }

  /** Notes that it was asked again, unless the coordinator had answered. */
  #ask(deadline: Deadline, attempt: () => Promise<void>): Promise<void> {
    return this.#cluster.retry(deadline, async () => {
      try {
        await attempt()
      } catch (error) {
        if (!(error instanceof Again)) this.#repeated = true
        throw error
      }
    })
  }

  #who() {
    const { producerId, epoch } = this.#identity
    return { transactionalId: this.id!, producerId, producerEpoch: epoch }
  }

  async #connection() {
    const id = this.#coordinator ?? (await this.#cluster.coordinator('transaction', this.id!))
    this.#coordinator = undefined
    const connection = await this.#cluster.node(id)
    // kept only while it can be reached
    this.#coordinator = id
    return connection
  }

  async #groupConnection(groupId: string) {
    const known = this.#groupCoordinator
    const id = known?.groupId === groupId ? known.id : await this.#cluster.coordinator('group', groupId)
    this.#groupCoordinator = undefined
    const connection = await this.#cluster.node(id)
    this.#groupCoordinator = { groupId, id }
    return connection
  }

  #check(code: number, what: string): void {
    if (code === 0) return
    this.#coordinator = undefined
    failed(code, what)
  }

  #deadline(what: string, signal: AbortSignal | undefined): Deadline {
    return new Deadline(this.#cluster.settings.apiTimeout, what, signal)
  }
}

function membershipIn(group: Member | { readonly groupId: string }, offsets: readonly TopicPartition[]) {
  if (group instanceof PlatformaticMember) return group.membership(offsets)
  if ('groupId' in group)
    return { groupId: group.groupId, memberId: '', generation: -1, instanceId: null, moved: async () => false }
  throw new TypeError('sendOffsets: a member of another client.')
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}
