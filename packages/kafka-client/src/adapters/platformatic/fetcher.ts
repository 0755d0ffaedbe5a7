import { CdcError } from '@cdc/core'
import { connectionError } from '../../errors/network-error.ts'
import { isRetriable, isStale, protocolError } from '../../errors/protocol-codes.ts'
import { kafkaError } from '../../errors.ts'
import type { Isolation, KafkaBatch, ReadFrom, TopicPartition } from '../../port.ts'
import { scanBatches } from '../../records/decode.ts'
import { keyOf, PartitionState } from '../partition-state.ts'
import { Again, type Cluster, isMissing, missingFor } from './cluster.ts'
import { closedError } from './connections.ts'
import { fetch, type PartitionFetched } from './fetch-request.ts'

/**
 * Fetches for a set of partitions that may change, one request a leader at a time, and hands out what came, the
 * partitions in turn. What cannot be mended ends it: the next `next` throws.
 */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #isolation: Isolation
  readonly #maxRecords: number
  readonly #states = new Map<string, PartitionState>()
  /** Leaders that are being asked. */
  readonly #asked = new Set<number>()
  #routing = false
  #dead: unknown
  #wake: (() => void) | undefined

  constructor(cluster: Cluster, isolation: Isolation, maxRecords: number) {
    this.#cluster = cluster
    this.#isolation = isolation
    this.#maxRecords = maxRecords
  }

  add(partitions: readonly ReadFrom[]): void {
    for (const one of partitions) this.#states.set(keyOf(one), new PartitionState(one))
    this.#wake?.()
  }

  /** Nothing of these is handed out any more. */
  remove(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#states.delete(keyOf(one))
  }

  pause(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const one of partitions) {
      const state = this.#states.get(keyOf(one))
      if (state !== undefined) state.paused = paused
    }
    this.#wake?.()
  }

  /** Ends the reading: `next` throws this. */
  fail(error: unknown): void {
    this.#dead ??= error
    this.#wake?.()
  }

  /** Undefined when there are partitions and all are at their ends. */
  async next(signal: AbortSignal | undefined): Promise<KafkaBatch | undefined> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#dead !== undefined) throw this.#dead
      const batch = this.#taken()
      this.#ask()
      if (batch !== undefined) return batch
      if (this.#states.size > 0 && [...this.#states.values()].every(({ finished }) => finished)) return undefined
      await this.#news(signal)
    }
  }

  /** After what cannot be read there is nothing more. */
  #taken(): KafkaBatch | undefined {
    try {
      return this.#take()
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /** The first partition that has something goes to the end of the line. */
  #take(): KafkaBatch | undefined {
    for (const [key, state] of this.#states) {
      if (state.paused || !state.ready) continue
      this.#states.delete(key)
      this.#states.set(key, state)
      return state.next(this.#maxRecords)
    }
    return undefined
  }

  async #news(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal?.addEventListener('abort', resolve as () => void, { once: true })
    await promise
    signal?.removeEventListener('abort', resolve as () => void)
    this.#wake = undefined
  }

  /** Starts the fetches that are due; their news comes by `#wake`. */
  #ask(): void {
    if (this.#routing || this.#dead !== undefined) return
    const due = [...this.#states.values()].filter((state) => state.due)
    if (due.length === 0) return
    this.#routing = true
    this.#route(due)
      .catch((error: unknown) => this.#failed(due, error))
      .finally(() => {
        this.#routing = false
      })
  }

  async #route(due: readonly PartitionState[]): Promise<void> {
    const topics = await this.#cluster.topics([...new Set(due.map(({ topic }) => topic))], 'read')
    const leaders = new Map<number, PartitionState[]>()
    for (const state of due) {
      const { id, partitions } = topics.get(state.topic)!
      if (state.topicId !== undefined && state.topicId !== id)
        throw kafkaError('KAFKA_TOPIC_MISSING', {
          message: `Topic '${state.topic}' was deleted and made again while it was read.`,
        })
      const found = partitions.find((one) => one.partitionIndex === state.partition)
      if (found === undefined || found.leaderId < 0) {
        this.#cluster.forget([state.topic])
        throw new Again(protocolError(found === undefined ? 3 : 5, `read topic '${state.topic}'`))
      }
      if (this.#asked.has(found.leaderId)) continue
      const same = leaders.get(found.leaderId)
      if (same === undefined) leaders.set(found.leaderId, [state])
      else same.push(state)
    }
    for (const [leader, states] of leaders) {
      this.#asked.add(leader)
      for (const state of states) state.fetching = true
      const ids = new Map(states.map(({ topic }) => [topic, topics.get(topic)!.id]))
      this.#fetch(leader, states, ids)
        .catch((error: unknown) => this.#failed(states, error))
        .finally(() => {
          this.#asked.delete(leader)
          this.#wake?.()
        })
    }
  }

  async #fetch(leader: number, states: readonly PartitionState[], ids: ReadonlyMap<string, string>): Promise<void> {
    const connection = await this.#cluster.node(leader, 'fetch')
    const wanted = states.map(({ topic, partition, offset }) => ({ topic: ids.get(topic)!, partition, offset }))
    const { errorCode, partitions } = await fetch(connection, this.#cluster.settings, this.#isolation, wanted)
    if (errorCode !== 0) throw this.#refusal(errorCode, states[0]!)
    for (const state of states) {
      const id = ids.get(state.topic)
      const got = partitions.find((one) => one.topic === id && one.partition === state.partition)
      state.fetching = false
      if (got !== undefined) this.#takeIn(state, got)
    }
  }

  #takeIn(state: PartitionState, got: PartitionFetched): void {
    if (got.errorCode !== 0) {
      this.#failed([state], this.#refusal(got.errorCode, state))
      return
    }
    state.failingSince = undefined
    const committed = this.#isolation === 'read_committed'
    if (got.records === null) return
    const scanned = scanBatches(got.records, state.offset, committed ? got.aborted : undefined)
    state.take(scanned, committed ? got.lastStableOffset : got.highWatermark)
  }

  #refusal(code: number, { topic, partition }: TopicPartition): unknown {
    if (isStale(code)) this.#cluster.forget([topic])
    const error = protocolError(code, `read topic '${topic}', partition ${partition}`)
    return isRetriable(code) ? new Again(error) : error
  }

  /** Waits a little and asks again, or gives up when it has gone on for too long. */
  #failed(states: readonly PartitionState[], failure: unknown): void {
    if (this.#cluster.connections.closed) {
      this.fail(closedError())
      return
    }
    const error = failure instanceof Again ? failure.error : connectionError(failure, 'fetch from the broker')
    if (!(failure instanceof Again) && !(CdcError.is(error) && error.code === 'KAFKA_UNREACHABLE')) {
      this.fail(error)
      return
    }
    this.#cluster.forget(new Set(states.map(({ topic }) => topic)))
    const patience = isMissing(error) ? missingFor : this.#cluster.settings.apiTimeout
    for (const state of states) {
      state.fetching = true
      state.failingSince ??= Date.now()
      if (Date.now() - state.failingSince > patience) this.fail(error)
    }
    setTimeout(() => {
      for (const state of states) state.fetching = false
      this.#wake?.()
    }, this.#cluster.settings.retryBackoff * 2)
  }
}
