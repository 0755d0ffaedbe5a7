import { setTimeout as pause } from 'node:timers/promises'
import { CdcError, type Logger } from '@cdc/core'
import { kafkaError } from '../errors.ts'
import type { KafkaClient, Member, PartitionOffset, Producer, TopicPartition } from '../port.ts'
import type { KafkaSettings } from '../settings/settings.ts'
import { DoneOffsets } from './done-offsets.ts'
import { placeOf } from './topic-position.ts'
import { Turn } from './turn.ts'

export interface MembershipParts {
  /** A client of its own, which ends with the place in the group. */
  readonly open: () => Promise<KafkaClient>
  readonly topics: readonly string[] | RegExp
  readonly settings: KafkaSettings
  readonly logger: Logger
}

/** How long a commit may hold an acknowledgement up; nothing depends on when it succeeds. */
const commitPatience = 5_000

/** A member that joins has nothing until others have heard of it, by a heartbeat, and have given something up. */
const idleAfter = ({ heartbeatInterval }: KafkaSettings) => heartbeatInterval + 1_000

/**
 * A place in a consumer group that outlives rewinds: leaving and joining at each would be a rebalance for everybody.
 * It only says what is whose and commits offsets; reading is for readers of the partitions of a turn.
 */
export class Membership implements AsyncDisposable {
  readonly #parts: MembershipParts
  readonly #group: string
  readonly #owned = new Map<string, TopicPartition>()
  readonly #done: DoneOffsets
  #client: KafkaClient | undefined
  #member: Member | undefined
  #turn: Turn | undefined
  /** When the last round of joining was over; undefined: one is under way. */
  #joinedAt: number | undefined
  #failure: unknown
  #wake: (() => void) | undefined
  /** Present while leaving. */
  #left: Promise<void> | undefined
  #leaving: NodeJS.Timeout | undefined

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.#group = parts.settings.groupId!
    this.#done = new DoneOffsets((offsets, signal) => this.#commit(offsets, signal), parts.logger)
  }

  /** Is this process in the group, with or without partitions? */
  get joined(): boolean {
    return this.#member !== undefined && this.#left === undefined
  }

  /**
   * What falls to this process, when the group has come to rest. The turn before it must be over. Throws what keeps
   * this process from joining.
   */
  async begin(signal: AbortSignal): Promise<Turn> {
    clearTimeout(this.#leaving)
    await this.#left
    if (this.#member === undefined) await this.#join()
    await this.#rest(signal)
    const turn = new Turn(sorted(this.#owned), () => this.#closed(turn))
    this.#turn = turn
    return turn
  }

  /** The offset up to which this process has made durable what it had of the partition without a break. */
  doneTo(partition: TopicPartition): bigint | undefined {
    return this.#done.offset(partition)
  }

  /** These are durable in every sink. Those of partitions that are another's by now are left out. */
  async acknowledge(offsets: readonly PartitionOffset[]): Promise<void> {
    this.#done.add(offsets.filter((one) => this.#owned.has(placeOf(one))))
    const waited = new AbortController()
    const late = pause(commitPatience, undefined, { signal: waited.signal, ref: false }).catch(() => undefined)
    await Promise.race([this.#done.commit(), late]).finally(() => waited.abort())
  }

  /** Puts offsets of the turn's partitions into the producer's open transaction, which the group checks (KIP-447). */
  async move(turn: Turn, producer: Producer, offsets: readonly PartitionOffset[], signal: AbortSignal): Promise<void> {
    // what was lost may be ours again, and others have had it meanwhile
    const held = AbortSignal.any([signal, turn.lost])
    held.throwIfAborted()
    if (turn !== this.#turn || this.#member === undefined) throw this.#taken('The share of the group has ended.')
    await producer.sendOffsets!(this.#member, offsets, held)
  }

  /** Leaves the group, so that others get its partitions at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#leaving)
    this.#left ??= this.#leave().finally(() => {
      this.#left = undefined
    })
    await this.#left
  }

  async #leave(): Promise<void> {
    try {
      // what was not committed is, by the callback that gives the partitions up
      await this.#member?.close()
      this.#done.close()
      await this.#client?.close()
    } finally {
      this.#member = this.#client = undefined
      this.#owned.clear()
    }
  }

  async #join(): Promise<void> {
    const { open, topics } = this.#parts
    this.#failure = undefined
    this.#joinedAt = undefined
    const client = await open()
    this.#client = client
    const member: Member = client.member({
      groupId: this.#group,
      topics,
      reads: false,
      onAssigned: async (added) => this.#gain(added),
      onRevoked: (gone) => this.#giveUp(gone),
      onLost: async (gone) => this.#lose(gone),
      onJoined: () => this.#atRest(),
    })
    this.#member = member
    member.next().catch((failure: unknown) => this.#failed(member, failure))
  }

  async #rest(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#failure !== undefined) throw this.#failure
      const at = this.#joinedAt
      if (at !== undefined && this.#owned.size > 0) return
      const left = at === undefined ? undefined : at + idleAfter(this.#parts.settings) - performance.now()
      if (left !== undefined && left <= 0) return
      await this.#news(signal, left)
    }
  }

  async #news(signal: AbortSignal, milliseconds: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds)
    const abort = () => resolve()
    signal.addEventListener('abort', abort, { once: true })
    await promise
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
  }

  #atRest(): void {
    this.#joinedAt = performance.now()
    this.#wake?.()
  }

  #gain(added: readonly TopicPartition[]): [] {
    for (const one of added) this.#owned.set(placeOf(one), one)
    // others have had them since
    this.#done.forget(added)
    this.#turn?.end()
    return []
  }

  /** What was read of them is made durable first, for as long as the group waits. */
  async #giveUp(gone: readonly TopicPartition[]): Promise<void> {
    const { logger } = this.#parts
    this.#joinedAt = undefined
    const start = performance.now()
    const place = { partitions: gone.map(placeOf) }
    if (this.#turn?.has(gone)) {
      logger.info(place, 'Handing partitions over: what was read of them is being written')
      await this.#ended(this.#turn)
    }
    await this.#done.commit().catch((failure: unknown) => {
      logger.warn({ ...place, code: CdcError.from(failure).code }, 'The last offsets could not be committed')
    })
    this.#drop(gone)
    logger.info({ ...place, milliseconds: Math.round(performance.now() - start) }, 'Partitions handed over')
  }

  async #ended(turn: Turn): Promise<void> {
    turn.end()
    const stop = new AbortController()
    const patience = this.#parts.settings.maxPollInterval * 0.8
    const late = pause(patience, true, { signal: stop.signal, ref: false }).catch(() => false)
    if (await Promise.race([turn.over.then(() => false), late]))
      turn.lose(this.#taken('What was read could not be written before the group stopped waiting.'))
    stop.abort()
  }

  #lose(gone: readonly TopicPartition[]): void {
    const { logger } = this.#parts
    this.#joinedAt = undefined
    this.#drop(gone)
    logger.warn(
      { partitions: gone.map(placeOf) },
      'Partitions were given to others, since the group has not heard of this process: what was in flight is dropped',
    )
    this.#turn?.lose(this.#taken('The group has not heard of this process for longer than its session timeout.'))
  }

  #drop(gone: readonly TopicPartition[]): void {
    for (const one of gone) this.#owned.delete(placeOf(one))
    this.#done.forget(gone)
  }

  #taken(message: string): CdcError {
    return kafkaError('KAFKA_REBALANCED', { message })
  }

  #failed(member: Member, failure: unknown): void {
    if (member !== this.#member) return
    this.#failure = failure
    this.#wake?.()
    this.#turn?.lose(CdcError.from(failure))
    void this[Symbol.asyncDispose]().catch(() => undefined)
  }

  /** Between two turns the place is kept; a process that reads nothing for long gives it to others. */
  #closed(turn: Turn): void {
    if (this.#turn !== turn) return
    this.#turn = undefined
    if (this.#member === undefined) return
    this.#leaving = setTimeout(() => {
      this.#parts.logger.warn({}, 'Nothing was read for long: others get the partitions')
      void this[Symbol.asyncDispose]().catch(() => undefined)
    }, this.#parts.settings.maxPollInterval).unref()
  }

  async #commit(offsets: readonly PartitionOffset[], signal: AbortSignal): Promise<void> {
    if (this.#member === undefined) return
    await this.#member.commit(offsets, signal)
  }
}

const sorted = (owned: ReadonlyMap<string, TopicPartition>) =>
  [...owned.values()].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
