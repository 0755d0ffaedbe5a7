import { setTimeout as pause } from 'node:timers/promises'
import { CdcError, type Logger } from '@cdc/core'
import type { Isolation, KafkaBatch, KafkaClient, PartitionOffset, Reader, ReadFrom } from '../port.ts'
import type { Assignment } from './assignment.ts'
import type { ReadPlace } from './read-place.ts'
import { lookUpTopics, lost, partitionsOf, proveThere, type Topics } from './topic-list.ts'
import { parsePosition, placeOf } from './topic-position.ts'

export interface FixedParts {
  readonly client: KafkaClient
  readonly logger: Logger
  readonly wanted: readonly string[] | RegExp
  readonly topics: Topics
  /** Has an offset for every partition that is read. */
  readonly place: ReadPlace
  /** undefined: reading has no end. */
  readonly ends: readonly PartitionOffset[] | undefined
  /** Milliseconds between two looks for new partitions; undefined: none. */
  readonly discovery: number | undefined
  readonly isolation: Isolation
  /** No piece has more records. */
  readonly maxRecords: number
}

/** All partitions of the topics, also those that are added. */
export class FixedAssignment implements Assignment {
  readonly #parts: FixedParts
  readonly #closed = new AbortController()
  readonly #looking: Promise<void> | undefined
  #topics: Topics
  #reader: Reader | undefined
  /** Aborted when there is something new to read, or looking for it has failed. */
  #news = new AbortController()
  #either: { readonly of: AbortSignal; readonly signal: AbortSignal } | undefined
  #added: readonly PartitionOffset[] = []
  #failure: unknown

  constructor(parts: FixedParts) {
    this.#parts = parts
    this.#topics = parts.topics
    if (parts.discovery !== undefined) this.#looking = this.#look(parts.discovery)
  }

  async next(signal: AbortSignal): Promise<KafkaBatch | undefined> {
    for (;;) {
      signal.throwIfAborted()
      if (this.#news.signal.aborted) await this.#takeNews()
      this.#reader ??= this.#open()
      if (this.#reader === undefined && this.#parts.ends !== undefined) return undefined
      try {
        const either = this.#eitherOf(signal)
        if (this.#reader !== undefined) return await this.#reader.next(either)
        await untilAborted(either)
      } catch (error) {
        if (!this.#news.signal.aborted || signal.aborted) throw told(error)
      }
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#reader?.close()
    await this.#looking
  }

  /** What was added begins at its earliest offset; the reader is made anew from where everything stands. */
  async #takeNews(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#news = new AbortController()
    this.#either = undefined
    await this.#reader?.close()
    this.#reader = undefined
    const { place } = this.#parts
    // a look that began before the last news were taken finds the same again
    const added = this.#added.filter((one) => place.offset(one) === undefined)
    place.begin(added, (topic) => this.#topics.get(topic)?.topicId)
  }

  /** Aborted by the caller, or by news. One for many calls. */
  #eitherOf(signal: AbortSignal): AbortSignal {
    if (this.#either?.of !== signal) this.#either = { of: signal, signal: AbortSignal.any([signal, this.#news.signal]) }
    return this.#either.signal
  }

  /** undefined: there is no partition to read. */
  #open(): Reader | undefined {
    const { client, isolation, maxRecords } = this.#parts
    const partitions = this.#partitions()
    return partitions.length === 0 ? undefined : client.reader({ partitions, isolation, maxRecords })
  }

  #partitions(): ReadFrom[] {
    const { place, ends } = this.#parts
    const end = new Map(ends?.map((one) => [placeOf(one), one.offset]))
    return partitionsOf(this.#topics).flatMap((one): ReadFrom[] => {
      const offset = place.offset(one)
      const endOffset = end.get(placeOf(one))
      if (offset === undefined || (ends !== undefined && endOffset === undefined)) return []
      const topicId = this.#topics.get(one.topic)?.topicId
      const held = topicId === undefined ? {} : { topicId }
      return [{ ...one, offset, ...held, ...(endOffset === undefined ? {} : { endOffset }) }]
    })
  }

  async #look(interval: number): Promise<void> {
    const { signal } = this.#closed
    while (!signal.aborted && this.#failure === undefined) {
      await pause(interval, undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return
      try {
        await this.#find(signal)
      } catch (failure) {
        if (signal.aborted) return
        this.#failed(CdcError.from(failure))
      }
    }
  }

  async #find(signal: AbortSignal): Promise<void> {
    const { client, wanted, place, logger } = this.#parts
    const topics = await lookUpTopics(client.admin(), wanted, signal)
    proveThere(parsePosition(place.position), wanted, topics)
    const added = partitionsOf(topics).filter((one) => place.offset(one) === undefined)
    this.#topics = topics
    if (added.length === 0) return
    this.#added = await client.admin().offsets(added, 'earliest', this.#parts.isolation, signal)
    logger.info({ partitions: added.map(placeOf) }, 'New partitions are read from their earliest offset')
    this.#news.abort()
  }

  /** What passes is tried again at the next look; reading itself tells when the cluster is gone. */
  #failed(failure: CdcError): void {
    if (failure.kind === 'connection' || failure.kind === 'throttled') {
      this.#parts.logger.warn({ code: failure.code }, 'Could not look for new partitions; tried again later')
      return
    }
    this.#failure = failure
    this.#news.abort()
  }
}

/** A topic that goes away under the reader is not merely missing. */
export function told(error: unknown): unknown {
  if (!CdcError.is(error) || error.code !== 'KAFKA_TOPIC_MISSING') return error
  return lost(error.message, error)
}

/** Rejects with the signal's reason when it aborts. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  if (signal.aborted) resolve()
  await promise
  signal.throwIfAborted()
}
