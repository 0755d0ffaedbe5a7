import type { Buffer } from 'node:buffer'
import { connectionError } from '../../errors/network-error.ts'
import { isRetriable, isStale, protocolError } from '../../errors/protocol-codes.ts'
import { kafkaError } from '../../errors.ts'
import type { Acknowledged } from '../../port.ts'
import { codecNamed } from '../../records/codecs.ts'
import { encodeBatch } from '../../records/encode.ts'
import type { PartitionQueue } from '../../records/partition-queue.ts'
import { noteRecord } from '../../records/record-at-fault.ts'
import type { Deadline } from '../deadline.ts'
import { Again, type Cluster } from './cluster.ts'
import { type PartitionAnswer, produce } from './produce-request.ts'
import type { ProducerIdentity } from './transactions.ts'

/** A batch that is under way: the same bytes until it is acknowledged, so that the broker knows a repeat. */
interface UnderWay {
  readonly queue: PartitionQueue
  readonly end: number
  readonly batch: Buffer
}

const code = { messageTooLarge: 10, recordListTooLarge: 18 } as const

/**
 * Brings the records of one send to their leaders: per partition one batch at a time, in order, repeated as it is until
 * it is acknowledged. The broker drops repeats by producer id, epoch and sequence (KIP-98), so nothing is written twice.
 */
export class Delivery {
  readonly #cluster: Cluster
  readonly #identity: ProducerIdentity
  /** The next sequence of each partition: lives as long as the producer. */
  readonly #sequences: Map<string, number>
  readonly #transactionalId: string | null
  readonly #acknowledged: Acknowledged[] = []

  constructor(
    cluster: Cluster,
    identity: ProducerIdentity,
    sequences: Map<string, number>,
    transactionalId: string | null,
  ) {
    this.#cluster = cluster
    this.#identity = identity
    this.#sequences = sequences
    this.#transactionalId = transactionalId
  }

  /** `patience` makes the deadline of the next acknowledgement: what moves on has time. */
  async run(queues: readonly PartitionQueue[], patience: () => Deadline): Promise<readonly Acknowledged[]> {
    const underWay = new Map<PartitionQueue, UnderWay>()
    while (queues.some((queue) => !queue.finished)) {
      const deadline = patience()
      await this.#cluster.retry(deadline, () => this.#round(queues, underWay, deadline))
    }
    const total = this.#acknowledged.reduce((sum, { count }) => sum + count, 0)
    const given = queues.reduce((sum, { places }) => sum + places.length, 0)
    if (total !== given) throw miscounted(`${total} of ${given} records were acknowledged.`)
    return this.#acknowledged
  }

  /** One request to each leader that still has something to get. Progress of any of them starts the waiting anew. */
  async #round(
    queues: readonly PartitionQueue[],
    underWay: Map<PartitionQueue, UnderWay>,
    deadline: Deadline,
  ): Promise<void> {
    const waiting = queues.filter((queue) => !queue.finished)
    const before = this.#acknowledged.length
    const leaders = await this.#byLeader(waiting)
    const rounds = [...leaders].map(([leader, list]) => this.#toLeader(leader, list, underWay, deadline))
    const settled = await Promise.allSettled(rounds)
    const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    const fatal = failures.find((reason) => !(reason instanceof Again))
    if (fatal !== undefined) throw fatal
    if (failures.length > 0 && this.#acknowledged.length === before) throw failures[0]
  }

  async #byLeader(queues: readonly PartitionQueue[]): Promise<Map<number, PartitionQueue[]>> {
    const names = [...new Set(queues.map(({ topic }) => topic))]
    const topics = await this.#cluster.topics(names, 'write to')
    const leaders = new Map<number, PartitionQueue[]>()
    for (const queue of queues) {
      const found = topics.get(queue.topic)!.partitions.find((one) => one.partitionIndex === queue.partition)
      if (found === undefined || found.leaderId < 0) {
        this.#cluster.forget([queue.topic])
        throw new Again(protocolError(found === undefined ? 3 : 5, describe(queue)))
      }
      const same = leaders.get(found.leaderId)
      if (same === undefined) leaders.set(found.leaderId, [queue])
      else same.push(queue)
    }
    return leaders
  }

  async #toLeader(
    leader: number,
    queues: readonly PartitionQueue[],
    underWay: Map<PartitionQueue, UnderWay>,
    deadline: Deadline,
  ): Promise<void> {
    const batches = this.#fill(queues, underWay)
    const { requestTimeout } = this.#cluster.settings
    let answers: PartitionAnswer[]
    try {
      const connection = await this.#cluster.node(leader, 'send')
      const list = batches.map(({ queue: { topic, partition }, batch }) => ({ topic, partition, batch }))
      const brokerWaits = Math.max(1, Math.min(requestTimeout, deadline.left))
      answers = await produce(connection, this.#transactionalId, brokerWaits, list)
    } catch (cause) {
      this.#cluster.forget()
      if (cause instanceof Again) throw cause
      const error = connectionError(cause, 'send to the broker')
      throw error.code === 'KAFKA_UNREACHABLE' ? new Again(error) : error
    }
    for (const one of batches) this.#take(one, answers, underWay)
  }

  /** What fits into one request, at least one batch. */
  #fill(queues: readonly PartitionQueue[], underWay: Map<PartitionQueue, UnderWay>): UnderWay[] {
    const batches: UnderWay[] = []
    let bytes = 0
    for (const queue of queues) {
      const next = underWay.get(queue) ?? this.#encode(queue)
      underWay.set(queue, next)
      bytes += next.batch.length
      if (bytes > this.#cluster.settings.maxRequestSize && batches.length > 0) break
      batches.push(next)
    }
    return batches
  }

  #encode(queue: PartitionQueue): UnderWay {
    const end = queue.nextEnd()
    const { list, places, done: from } = queue
    const header = {
      producerId: this.#identity.producerId,
      producerEpoch: this.#identity.epoch,
      baseSequence: this.#sequences.get(keyOf(queue)) ?? 0,
      transactional: this.#transactionalId !== null,
      codec: codecNamed(this.#cluster.settings.compression),
      now: BigInt(Date.now()),
    }
    return { queue, end, batch: encodeBatch({ list, places, from, to: end }, header) }
  }

  #take(sent: UnderWay, answers: readonly PartitionAnswer[], underWay: Map<PartitionQueue, UnderWay>): void {
    const { queue, end } = sent
    const answer = answers.find(({ topic, partition }) => topic === queue.topic && partition === queue.partition)
    if (answer === undefined) throw miscounted(`The broker's answer has nothing on ${place(queue)}.`)
    if (answer.errorCode !== 0) {
      this.#refused(sent, answer, underWay)
      return
    }
    underWay.delete(queue)
    const count = end - queue.done
    this.#count({ topic: queue.topic, partition: queue.partition, baseOffset: answer.baseOffset, count })
    const key = keyOf(queue)
    // after 2^31 - 1 comes 0
    this.#sequences.set(key, ((this.#sequences.get(key) ?? 0) + count) % 0x80000000)
    queue.done = end
  }

  /** Offsets of one partition must grow by what was sent: a broker that repeats an offset has not stored the records. */
  #count(next: Acknowledged): void {
    const last = this.#acknowledged.findLast(
      ({ topic, partition }) => topic === next.topic && partition === next.partition,
    )
    const lowest = last === undefined ? 0n : last.baseOffset + BigInt(last.count)
    if (next.baseOffset < lowest)
      throw miscounted(`${place(next)} acknowledged offset ${next.baseOffset} after ${lowest - 1n}.`)
    this.#acknowledged.push(next)
  }

  #refused({ queue, end }: UnderWay, answer: PartitionAnswer, underWay: Map<PartitionQueue, UnderWay>): void {
    const { errorCode, errorMessage } = answer
    const count = end - queue.done
    if ((errorCode === code.messageTooLarge || errorCode === code.recordListTooLarge) && count > 1) {
      // nothing of it was stored: its first half goes out under the same sequence
      underWay.delete(queue)
      queue.halve(end)
      return
    }
    if (isStale(errorCode)) this.#cluster.forget([queue.topic])
    const error = protocolError(errorCode, describe(queue), { said: errorMessage })
    if (count === 1) noteRecord(error, queue.places[queue.done]!)
    throw isRetriable(errorCode) ? new Again(error) : error
  }
}

function miscounted(message: string): Error {
  return kafkaError('KAFKA_ACKNOWLEDGEMENT', { message })
}

function keyOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${partition} ${topic}`
}

function place({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `topic '${topic}', partition ${partition}`
}

function describe(queue: PartitionQueue): string {
  return `write to ${place(queue)}`
}
