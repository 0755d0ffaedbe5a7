import type { KafkaBatch, Reader, ReaderOptions, TopicPartition } from '../../port.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { Cluster } from './cluster.ts'
import { closedError } from './connections.ts'
import { Fetcher } from './fetcher.ts'

/** See `Reader` of the port. */
export class PlatformaticReader implements Reader {
  readonly #cluster: Cluster
  readonly #fetcher: Fetcher
  readonly #empty: boolean
  readonly #closed: () => void

  constructor(settings: KafkaSettings, { partitions, isolation, maxRecords }: ReaderOptions, closed: () => void) {
    this.#closed = closed
    this.#cluster = new Cluster(settings)
    this.#fetcher = new Fetcher(this.#cluster, isolation ?? settings.isolation, maxRecords ?? settings.maxPollRecords)
    this.#fetcher.add(partitions)
    this.#empty = partitions.length === 0
  }

  async next(signal?: AbortSignal): Promise<KafkaBatch | undefined> {
    return this.#empty ? undefined : this.#fetcher.next(signal)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, false)
  }

  async close(): Promise<void> {
    this.#fetcher.fail(closedError())
    this.#closed()
    await this.#cluster.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
