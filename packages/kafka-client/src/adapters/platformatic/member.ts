import { kafkaError } from '../../errors.ts'
import type { KafkaBatch, Member, MemberOptions, PartitionOffset, TopicPartition } from '../../port.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { Deadline } from '../deadline.ts'
import { keyOf } from '../partition-state.ts'
import { groupOffsets, PlatformaticAdmin } from './admin.ts'
import { Cluster } from './cluster.ts'
import { closedError } from './connections.ts'
import { Fetcher } from './fetcher.ts'
import { isFenced, movedOn, rebalanced } from './group-errors.ts'
import { GroupSession, groupCode } from './group-session.ts'

const leaveWithin = 5_000

/**
 * See `Member` of the port. Two things run: heartbeats, which only note what the coordinator says, and the loop, which
 * joins and calls the callbacks, one after the other.
 */
export class PlatformaticMember implements Member {
  readonly #settings: KafkaSettings
  readonly #options: MemberOptions
  readonly #cluster: Cluster
  readonly #fetcher: Fetcher
  readonly #session: GroupSession
  readonly #ended = new AbortController()
  readonly #closed: () => void
  readonly #owned = new Map<string, TopicPartition>()
  #loop: Promise<void> | undefined
  #joinDue = true
  #lost = false
  #wake: (() => void) | undefined
  /** Only while JoinGroup and SyncGroup are under way: a commit that is refused then is tried again after them. */
  #exchange: Promise<unknown> | undefined
  #lastBeat = 0
  #seen = ''
  #lookedAt = 0
  #beating = false

  constructor(settings: KafkaSettings, options: MemberOptions, closed: () => void) {
    this.#closed = closed
    const groupId = options.groupId ?? settings.groupId
    if (groupId === undefined)
      throw kafkaError('KAFKA_PROPERTY', {
        message: 'A consumer group needs an id.',
        hint: 'Set `properties.group.id`.',
      })
    this.#settings = settings
    this.#options = options
    this.#cluster = new Cluster(settings)
    this.#fetcher = new Fetcher(
      this.#cluster,
      options.isolation ?? settings.isolation,
      options.maxRecords ?? settings.maxPollRecords,
    )
    this.#session = new GroupSession(this.#cluster, groupId, options.instanceId ?? settings.instanceId ?? null)
  }

  async next(signal?: AbortSignal): Promise<KafkaBatch> {
    this.#loop ??= this.#run()
    // a member without partitions waits; one with partitions follows them for ever
    return (await this.#fetcher.next(signal)) as KafkaBatch
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, false)
  }

  assigned(): readonly TopicPartition[] {
    return [...this.#owned.values()]
  }

  /** For `Producer.sendOffsets`: throws when one of the partitions is not ours. `moved`: see there. */
  membership(offsets: readonly TopicPartition[]) {
    this.#mustOwn(offsets)
    const { groupId, memberId, generation, instanceId } = this.#session
    const exchange = this.#exchange
    return { groupId, memberId, generation, instanceId, moved: () => this.#moved(generation, exchange) }
  }

  async commit(offsets: readonly PartitionOffset[], signal?: AbortSignal): Promise<void> {
    if (offsets.length === 0) return
    const what = `commit offsets of group '${this.#session.groupId}'`
    const deadline = new Deadline(this.#settings.apiTimeout, what, signal)
    await this.#cluster.retry(deadline, async () => {
      this.#mustOwn(offsets)
      const { generation } = this.#session
      const before = this.#exchange
      // the coordinator takes it under the former generation for as long as it waits for others to join
      const code = await this.#session.commit(offsets)
      if (code === 0) return
      if (await this.#moved(generation, before)) throw movedOn(what)
      if (code === groupCode.unknownMember || code === groupCode.illegalGeneration) this.#lose()
      else this.#rejoin()
      throw rebalanced(this.#session.groupId)
    })
  }

  /**
   * The group refused this generation: has it moved on while the request was under way? Then it may be sent again under
   * the new one, if the partition is still ours. Waits until that is known.
   */
  async #moved(generation: number, before: Promise<unknown> | undefined): Promise<boolean> {
    const exchange = this.#exchange ?? before
    await exchange?.catch(() => undefined)
    return (exchange !== undefined || generation !== this.#session.generation) && this.#session.generation >= 0
  }

  async close(): Promise<void> {
    const closed = closedError()
    this.#ended.abort(closed)
    this.#wake?.()
    this.#fetcher.fail(closed)
    await this.#loop
    try {
      await this.#give([...this.#owned.values()], this.#lost ? this.#options.onLost : this.#options.onRevoked)
      // else the others wait for the session to run out
      const soon = new Deadline(leaveWithin, 'leave the group')
      if (!this.#lost) await soon.race(this.#session.leave()).catch(() => undefined)
    } finally {
      this.#closed()
      await this.#cluster.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #mustOwn(partitions: readonly TopicPartition[]): void {
    const foreign = partitions.find((one) => !this.#owned.has(keyOf(one)))
    if (this.#lost || foreign !== undefined) throw rebalanced(this.#session.groupId)
  }

  async #run(): Promise<void> {
    const beats = setInterval(() => void this.#beat(), this.#settings.heartbeatInterval)
    try {
      while (!this.#ended.signal.aborted) {
        if (this.#joinDue) await this.#join()
        else await this.#news()
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#fail(error)
    } finally {
      clearInterval(beats)
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (this.#joinDue || this.#ended.signal.aborted) resolve()
    })
  }

  #rejoin(): void {
    this.#joinDue = true
    this.#wake?.()
  }

  #lose(): void {
    this.#lost = true
    this.#rejoin()
  }

  /** Reading ends with this. Who was put out has nothing any more that it could give up. */
  #fail(error: unknown): void {
    if (isFenced(error)) this.#lost = true
    this.#fetcher.fail(error)
  }

  async #beat(): Promise<void> {
    if (this.#beating || this.#exchange !== undefined || this.#session.generation < 0) return
    const { generation } = this.#session
    this.#beating = true
    try {
      const code = await this.#session.heartbeat()
      // while this member joins, the group may be in the generation already that the answer to it will name
      if (generation !== this.#session.generation || this.#exchange !== undefined) return
      if (code === groupCode.rebalanceInProgress) this.#rejoin()
      else if (code !== 0) this.#lose()
      this.#lastBeat = Date.now()
      await this.#lookAtTopics()
    } catch (error) {
      if (isFenced(error)) this.#fail(error)
      // unreachable for as long as the coordinator keeps a silent member: others have the partitions by then
      else if (Date.now() - this.#lastBeat > this.#settings.sessionTimeout && this.#owned.size > 0) this.#lose()
    } finally {
      this.#beating = false
    }
  }

  /** The leader of the group, and who reads by a pattern, look for new topics and partitions. */
  async #lookAtTopics(): Promise<void> {
    const byPattern = this.#options.topics instanceof RegExp
    if (!(this.#session.leads || byPattern) || Date.now() - this.#lookedAt < this.#settings.metadataMaxAge) return
    const seen = this.#seen
    await this.#counts()
    if (seen !== this.#seen) this.#rejoin()
  }

  async #join(): Promise<void> {
    const { groupId } = this.#session
    this.#joinDue = false
    if (this.#lost) {
      await this.#give([...this.#owned.values()], this.#options.onLost)
      this.#session.reset()
      this.#lost = false
    } else if (this.#session.assignor !== 'cooperative-sticky') {
      await this.#give([...this.#owned.values()], this.#options.onRevoked)
    }
    const patience = this.#settings.maxPollInterval + this.#settings.apiTimeout
    const deadline = new Deadline(patience, `join group '${groupId}'`, this.#ended.signal)
    this.#exchange = this.#cluster.retry(deadline, async () => {
      const topics = [...(await this.#counts()).keys()]
      return this.#session.join(topics, [...this.#owned.values()], () => this.#counts(), deadline)
    })
    let assignment: TopicPartition[] | undefined
    try {
      assignment = (await this.#exchange) as TopicPartition[] | undefined
    } finally {
      this.#exchange = undefined
    }
    this.#lastBeat = Date.now()
    if (assignment === undefined) {
      if (this.#session.generation < 0 && this.#owned.size > 0) this.#lost = true
      this.#joinDue = true
      return
    }
    await this.#take(assignment)
  }

  async #take(assignment: readonly TopicPartition[]): Promise<void> {
    const keys = new Set(assignment.map(keyOf))
    const gone = [...this.#owned.values()].filter((one) => !keys.has(keyOf(one)))
    if (gone.length > 0) {
      await this.#give(gone, this.#options.onRevoked)
      // they are free for others only when this member has joined without them
      this.#joinDue = true
    }
    await this.#begin(assignment.filter((one) => !this.#owned.has(keyOf(one))))
    this.#options.onJoined?.(this.assigned())
  }

  async #begin(added: readonly TopicPartition[]): Promise<void> {
    if (added.length === 0) return
    for (const one of added) this.#owned.set(keyOf(one), one)
    const starts = await this.#options.onAssigned(added)
    if (this.#options.reads !== false) this.#fetcher.add(await this.#withCommitted(added, starts))
  }

  /** Partitions go: nothing of them is handed out from here, and the callback may still commit. */
  async #give(
    partitions: readonly TopicPartition[],
    callback: (partitions: readonly TopicPartition[]) => Promise<void>,
  ): Promise<void> {
    if (partitions.length === 0) return
    this.#fetcher.remove(partitions)
    try {
      await callback(partitions)
    } finally {
      for (const one of partitions) this.#owned.delete(keyOf(one))
    }
  }

  async #withCommitted(
    added: readonly TopicPartition[],
    starts: readonly PartitionOffset[],
  ): Promise<readonly PartitionOffset[]> {
    const given = new Set(starts.map(keyOf))
    const open = added.filter((one) => !given.has(keyOf(one)))
    if (open.length === 0) return starts
    const { groupId } = this.#session
    const deadline = new Deadline(this.#settings.apiTimeout, 'read committed offsets', this.#ended.signal)
    const committed = await this.#cluster.retry(deadline, () => groupOffsets(this.#cluster, groupId, open))
    const known = new Set(committed.map(keyOf))
    const unknown = open.filter((one) => !known.has(keyOf(one)))
    return [...starts, ...committed, ...(unknown.length === 0 ? [] : await this.#reset(unknown))]
  }

  async #reset(partitions: readonly TopicPartition[]): Promise<readonly PartitionOffset[]> {
    const { offsetReset } = this.#settings
    const { topic, partition } = partitions[0]!
    if (offsetReset === 'none')
      throw kafkaError('KAFKA_NO_OFFSET', {
        message: `Group '${this.#session.groupId}' has no committed offset for topic '${topic}', partition ${partition}.`,
      })
    const admin = new PlatformaticAdmin(this.#settings)
    try {
      return await admin.offsets(partitions, offsetReset, this.#options.isolation ?? this.#settings.isolation)
    } finally {
      await admin.close()
    }
  }

  /** The topics that are subscribed to, and their numbers of partitions. */
  async #counts(): Promise<ReadonlyMap<string, number>> {
    const { topics } = this.#options
    const answer = await this.#cluster.metadata(topics instanceof RegExp ? null : topics)
    const wanted = answer.topics.filter(
      ({ name, isInternal, errorCode }) =>
        errorCode === 0 && !isInternal && (topics instanceof RegExp ? matchesWhole(topics, name!) : true),
    )
    const counts = new Map(wanted.map(({ name, partitions }) => [name!, partitions.length]))
    this.#seen = JSON.stringify([...counts].sort())
    this.#lookedAt = Date.now()
    return counts
  }
}

function matchesWhole(pattern: RegExp, name: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace('g', '')).test(name)
}
