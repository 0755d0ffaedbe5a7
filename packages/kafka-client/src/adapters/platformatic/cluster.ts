import { CdcError } from '@cdc/core'
import { type Connection, findCoordinatorV4, metadataV12 } from '@platformatic/kafka'
import { connectionError } from '../../errors/network-error.ts'
import { isRetriable, protocolError } from '../../errors/protocol-codes.ts'
import { kafkaError } from '../../errors.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import type { Deadline } from '../deadline.ts'
import { addressOf, type BrokerAddress } from './broker-address.ts'
import { Connections, closedError, request } from './connections.ts'

type MetadataResponse = ReturnType<typeof metadataV12.parseResponse>

export interface TopicMetadata {
  readonly topic: string
  readonly id: string
  readonly partitions: MetadataResponse['topics'][number]['partitions']
}

/** What a call throws to be tried again: its error is thrown when the time is up. */
export class Again {
  readonly error: Error
  /** In a moment: nothing is wrong, the coordinator is still busy with the transaction before. */
  readonly soon: boolean

  constructor(error: Error, soon = false) {
    this.error = error
    this.soon = soon
  }
}

/** A topic that was just made is unknown to some brokers for a moment; one that is unknown for longer is missing. */
export const missingFor = 3_000

const concurrentTransactions = 51
const soonAgain = 5

export function isMissing(error: unknown): boolean {
  return CdcError.is(error) && error.code === 'KAFKA_TOPIC_MISSING'
}

/** The brokers, who leads what, and how to reach them. Each producer, reader and member has one of its own. */
export class Cluster {
  readonly settings: KafkaSettings
  readonly connections: Connections
  readonly #bootstrap: string
  #brokers = new Map<number, BrokerAddress>()
  #topics = new Map<string, { metadata: TopicMetadata; at: number }>()

  constructor(settings: KafkaSettings) {
    this.settings = settings
    this.#bootstrap = settings.brokers.map(addressOf).join(', ')
    this.connections = new Connections(settings)
  }

  /** Runs `attempt` until it succeeds; what is no longer worth it or out of time is thrown. */
  async retry<T>(deadline: Deadline, attempt: () => Promise<T>): Promise<T> {
    let { retryBackoff } = this.settings
    deadline.at = this.#bootstrap
    let missingSince: number | undefined
    for (;;) {
      const failed = await this.#try(deadline, attempt)
      if (!(failed instanceof Again)) return failed.value
      missingSince = isMissing(failed.error) ? (missingSince ?? Date.now()) : undefined
      if (missingSince !== undefined && Date.now() - missingSince > missingFor) throw failed.error
      if (this.connections.closed) throw closedError()
      if (deadline.left <= retryBackoff) throw failed.error
      if (failed.soon) await deadline.pause(soonAgain)
      else {
        await deadline.pause(retryBackoff * (0.8 + Math.random() * 0.4))
        retryBackoff = Math.min(retryBackoff * 2, this.settings.retryBackoffMax)
      }
    }
  }

  async #try<T>(deadline: Deadline, attempt: () => Promise<T>): Promise<Again | { value: T }> {
    try {
      return { value: await deadline.race(attempt()) }
    } catch (error) {
      if (error instanceof Again) return error
      if (CdcError.is(error)) {
        if (error.code !== 'KAFKA_UNREACHABLE' || deadline.over) throw error
        return new Again(error)
      }
      if (!(error instanceof Error) || error.name === 'AbortError' || error.name === 'TimeoutError') throw error
      const coded = connectionError(error, deadline.what, this.#bootstrap)
      if (coded.code !== 'KAFKA_UNREACHABLE') throw coded
      return new Again(coded)
    }
  }

  /** A connection to any broker that answers: those that are known, then those of the settings. */
  async any(): Promise<Connection> {
    const brokers = [...this.#brokers.values(), ...this.settings.brokers]
    let last: unknown
    for (const broker of brokers) {
      try {
        return await this.connections.get(broker, 'main')
      } catch (error) {
        last = error
        // no other broker of the same cluster would say anything else
        if (CdcError.is(error) && error.code !== 'KAFKA_UNREACHABLE') throw error
      }
    }
    throw last
  }

  /** A connection to a broker by its id. */
  async node(id: number, lane: 'main' | 'send' | 'fetch' | 'join' = 'main', timeout?: number): Promise<Connection> {
    const broker = this.#brokers.get(id)
    if (broker === undefined)
      throw new Again(kafkaError('KAFKA_UNREACHABLE', { message: `Broker ${id} is not known to the cluster.` }))
    return this.connections.get(broker, lane, timeout)
  }

  /** Asks for topics (null: all, none: brokers only) and remembers the brokers. Topics that do not exist come with code 3. */
  async metadata(topics: readonly string[] | null): Promise<MetadataResponse> {
    const answer = await request(await this.any(), metadataV12.api, topics === null ? null : [...topics], false, false)
    // one that starts, or that has refused the request in a way that reads like an answer
    if (answer.brokers.length === 0)
      throw new Again(kafkaError('KAFKA_UNREACHABLE', { message: 'The broker names no brokers of its cluster.' }))
    this.#brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    return answer
  }

  /** Of topics that must exist, from memory where it is fresh. */
  async topics(names: readonly string[], what: string): Promise<ReadonlyMap<string, TopicMetadata>> {
    const fresh = Date.now() - this.settings.metadataMaxAge
    const asked = names.filter((name) => (this.#topics.get(name)?.at ?? 0) < fresh)
    if (asked.length > 0) await this.#learn(asked, what)
    return new Map(names.map((name) => [name, this.#topics.get(name)!.metadata]))
  }

  async #learn(names: readonly string[], what: string): Promise<void> {
    const { topics } = await this.metadata(names)
    for (const { name, topicId, errorCode, partitions } of topics) {
      if (errorCode !== 0) throw topicError(errorCode, name ?? '', what)
      this.#topics.set(name!, { metadata: { topic: name!, id: topicId, partitions }, at: Date.now() })
    }
  }

  /** What is known of these topics is out of date; left out: of all. */
  forget(names?: Iterable<string>): void {
    if (names === undefined) this.#topics.clear()
    else for (const name of names) this.#topics.delete(name)
  }

  /** The coordinator of a group or a transactional id, and where it is. */
  async coordinator(type: 'group' | 'transaction', key: string): Promise<number> {
    const connection = await this.any()
    const answer = await request(connection, findCoordinatorV4.api, type === 'group' ? 0 : 1, [key])
    const { errorCode, errorMessage, nodeId, host, port } = answer.coordinators[0]!
    if (errorCode !== 0) failed(errorCode, `find the coordinator of ${type} '${key}'`, errorMessage)
    this.#brokers.set(nodeId, { host, port })
    return nodeId
  }

  close(): Promise<void> {
    return this.connections.close()
  }
}

/** A missing topic may be one that was just made and is not known to this broker yet. */
function topicError(code: number, topic: string, what: string): Error | Again {
  const error = protocolError(code, `${what} topic '${topic}'`)
  return isRetriable(code) ? new Again(error) : error
}

/** Throws the error of a code: for `retry` when that may help. */
export function failed(code: number, what: string, said?: string | null): never {
  const error = protocolError(code, what, { said })
  throw isRetriable(code) ? new Again(error, code === concurrentTransactions) : error
}
