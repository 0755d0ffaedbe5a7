import type { Isolation, KafkaBatch, KafkaClient, Reader, ReadFrom } from '../port.ts'
import type { Assignment } from './assignment.ts'
import { told, untilAborted } from './fixed-assignment.ts'

export interface GroupParts {
  readonly client: KafkaClient
  readonly partitions: readonly ReadFrom[]
  readonly isolation: Isolation
  /** No piece has more records. */
  readonly maxRecords: number
}

/** The partitions of one turn of a group's member: they do not change, and have no end. */
export class GroupAssignment implements Assignment {
  /** undefined: there are more members than partitions, and this one waits. */
  readonly #reader: Reader | undefined

  constructor({ client, partitions, isolation, maxRecords }: GroupParts) {
    if (partitions.length > 0) this.#reader = client.reader({ partitions, isolation, maxRecords })
  }

  async next(signal: AbortSignal): Promise<KafkaBatch | undefined> {
    if (this.#reader === undefined) {
      await untilAborted(signal)
      return undefined
    }
    try {
      return await this.#reader.next(signal)
    } catch (error) {
      throw signal.aborted ? error : told(error)
    }
  }

  async close(): Promise<void> {
    await this.#reader?.close()
  }
}
