import { heartbeatV4, joinGroupV9, leaveGroupV5, offsetCommitV8, syncGroupV5 } from '@platformatic/kafka'
import { protocolError } from '../../errors/protocol-codes.ts'
import { kafkaError } from '../../errors.ts'
import { assign, type GroupMember } from '../../group/assignors.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../group/consumer-protocol.ts'
import type { PartitionOffset, TopicPartition } from '../../port.ts'
import type { Assignor } from '../../settings/settings.ts'
import type { Deadline } from '../deadline.ts'
import { byTopic } from './by-topic.ts'
import { type Cluster, failed } from './cluster.ts'
import { request } from './connections.ts'

/** Codes of the group protocol that the member acts on. */
export const groupCode = {
  illegalGeneration: 22,
  unknownMember: 25,
  rebalanceInProgress: 27,
  memberIdRequired: 79,
} as const

const noGeneration = -1

/** The requests of one member to its group's coordinator: the classic protocol, JoinGroup to LeaveGroup. */
export class GroupSession {
  readonly groupId: string
  readonly instanceId: string | null
  readonly #cluster: Cluster
  #coordinator: number | undefined
  memberId = ''
  generation = noGeneration
  assignor: Assignor | undefined
  /** Does it look for new partitions, for all? */
  leads = false

  constructor(cluster: Cluster, groupId: string, instanceId: string | null) {
    this.#cluster = cluster
    this.groupId = groupId
    this.instanceId = instanceId
  }

  /** Forgets a membership that the group has forgotten. */
  reset(): void {
    this.memberId = ''
    this.generation = noGeneration
  }

  /** One round of joining: what is ours now, or undefined when the round has to be begun again. */
  async join(
    topics: readonly string[],
    owned: readonly TopicPartition[],
    counts: () => Promise<ReadonlyMap<string, number>>,
    deadline: Deadline,
  ): Promise<TopicPartition[] | undefined> {
    const { settings } = this.#cluster
    const metadata = encodeSubscription({ topics, owned, generation: owned.length > 0 ? this.generation : -1 })
    const { sessionTimeout, maxPollInterval, assignors } = settings
    // it answers when all members have joined, or after the rebalance timeout
    const connection = await this.#connection('join', maxPollInterval + settings.requestTimeout)
    const joined = await request(
      connection,
      joinGroupV9.api,
      this.groupId,
      sessionTimeout,
      maxPollInterval,
      this.memberId,
      this.instanceId,
      'consumer',
      assignors.map((name) => ({ name, metadata })),
      null,
    )
    if (joined.errorCode === groupCode.memberIdRequired) {
      this.memberId = joined.memberId
      return undefined
    }
    if (joined.errorCode === groupCode.unknownMember || joined.errorCode === groupCode.illegalGeneration) {
      this.reset()
      return undefined
    }
    this.#check(joined.errorCode, 'join')
    this.memberId = joined.memberId
    this.generation = joined.generationId
    this.assignor = joined.protocolName as Assignor
    this.leads = joined.leader === joined.memberId
    const members = joined.members.map(({ memberId, metadata: data }) => ({
      id: memberId,
      ...decodeSubscription(data),
    }))
    // a leader that comes back under its instance id finds all as it left it
    const assigns = this.leads && !joined.skipAssignment
    return this.#sync(assigns ? await this.#assignments(members, counts) : [], deadline)
  }

  async #assignments(members: readonly GroupMember[], counts: () => Promise<ReadonlyMap<string, number>>) {
    const assignments = assign(this.assignor!, members, await counts())
    return [...assignments].map(([memberId, list]) => ({ memberId, assignment: encodeAssignment(list) }))
  }

  async #sync(
    assignments: { memberId: string; assignment: Buffer }[],
    deadline: Deadline,
  ): Promise<TopicPartition[] | undefined> {
    const answer = await deadline.race(
      request(
        await this.#connection('join'),
        syncGroupV5.api,
        this.groupId,
        this.generation,
        this.memberId,
        this.instanceId,
        'consumer',
        this.assignor ?? null,
        assignments,
      ),
    )
    if (answer.errorCode === groupCode.rebalanceInProgress) return undefined
    if (answer.errorCode === groupCode.unknownMember || answer.errorCode === groupCode.illegalGeneration) {
      this.reset()
      return undefined
    }
    this.#check(answer.errorCode, 'join')
    return decodeAssignment(answer.assignment)
  }

  /** The code of the answer: 0, or one of `groupCode`. Others throw. */
  async heartbeat(): Promise<number> {
    const { groupId, generation, memberId, instanceId } = this
    const connection = await this.#connection('main')
    const { errorCode } = await request(connection, heartbeatV4.api, groupId, generation, memberId, instanceId)
    if (Object.values<number>(groupCode).includes(errorCode)) return errorCode
    this.#check(errorCode, 'stay in')
    return 0
  }

  /** The code of the answer: 0, or one of `groupCode`. Others throw. */
  async commit(offsets: readonly PartitionOffset[]): Promise<number> {
    const topics = byTopic(offsets).map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: -1,
        committedMetadata: '',
      })),
    }))
    const { groupId, generation, memberId, instanceId } = this
    const connection = await this.#connection('main')
    const answer = await request(connection, offsetCommitV8.api, groupId, generation, memberId, instanceId, topics)
    const codes = answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
    const code = codes.find((one) => one !== 0) ?? 0
    if (Object.values<number>(groupCode).includes(code)) return code
    this.#check(code, 'commit offsets of')
    return 0
  }

  async leave(): Promise<void> {
    if (this.memberId === '' || this.instanceId !== null) return
    const connection = await this.#connection('main')
    await request(connection, leaveGroupV5.api, this.groupId, [
      { memberId: this.memberId, groupInstanceId: null, reason: null },
    ])
    this.reset()
  }

  #check(code: number, what: string): void {
    if (code === 0) return
    this.#coordinator = undefined
    if (code === 82)
      throw kafkaError('KAFKA_INSTANCE_FENCED', {
        message: `Another process has joined group '${this.groupId}' with the group.instance.id '${this.instanceId}'.`,
        cause: protocolError(code, `${what} group '${this.groupId}'`),
      })
    failed(code, `${what} group '${this.groupId}'`)
  }

  async #connection(lane: 'main' | 'join', timeout?: number) {
    const id = this.#coordinator ?? (await this.#cluster.coordinator('group', this.groupId))
    this.#coordinator = undefined
    const connection = await this.#cluster.node(id, lane, timeout)
    // kept only while it can be reached
    this.#coordinator = id
    return connection
  }
}
