import type { Acknowledged, SendRecords } from '../port.ts'
import type { PartitionQueue } from '../records/partition-queue.ts'
import { PlainRecords, type RecordList } from '../records/record-list.ts'
import { RecordPack } from '../records/record-pack.ts'
import { splitAcknowledged } from '../records/split-acknowledged.ts'

/** What one delivery came to, with the records as they were spread over partitions. */
export interface Delivered {
  readonly queues: readonly PartitionQueue[]
  readonly acknowledged: readonly Acknowledged[]
}

interface WaitingSend {
  readonly records: SendRecords
  readonly signal: AbortSignal | undefined
  resolve(acknowledged: readonly Acknowledged[]): void
  reject(error: unknown): void
}

/** More than a send of the connectors has; beyond it a delivery would hold the ones behind it up. */
const mostRecords = 20_000

/**
 * The calls of one producer, one after the other in the order they were made. Sends that wait behind one another go out
 * together, so that many small ones are not many round trips. The first call that fails is the last one.
 */
export class SendQueue {
  readonly #deliver: (records: RecordList, signal: AbortSignal | undefined) => Promise<Delivered>
  #waiting: WaitingSend[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #dead: unknown

  constructor(deliver: (records: RecordList, signal: AbortSignal | undefined) => Promise<Delivered>) {
    this.#deliver = deliver
  }

  /** Why there will be no more calls. */
  get dead(): unknown {
    return this.#dead
  }

  end(error: unknown): void {
    this.#dead ??= error
  }

  send(records: SendRecords, signal: AbortSignal | undefined): Promise<readonly Acknowledged[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Acknowledged[]>()
    const last = this.#waiting.at(-1)
    this.#waiting.push({ records, signal, resolve, reject })
    // who waits already takes this one along
    if (last === undefined) this.#enqueue(() => this.#sendWaiting()).catch(() => undefined)
    return promise
  }

  /** A call that is no send: after all sends before it, before all after it. */
  call<T>(work: () => Promise<T>): Promise<T> {
    const sends = this.#waiting
    if (sends.length > 0) {
      // their turn is in the line already; later sends must not join them
      this.#waiting = []
      this.#sealed.push(sends)
    }
    return this.#enqueue(async () => {
      if (this.#dead !== undefined) throw this.#dead
      try {
        return await work()
      } catch (error) {
        this.end(error)
        throw error
      }
    })
  }

  readonly #sealed: WaitingSend[][] = []

  async #sendWaiting(): Promise<void> {
    let sends = this.#sealed.shift()
    if (sends === undefined) {
      sends = this.#waiting
      this.#waiting = []
    }
    while (sends.length > 0) await this.#sendTogether(takeSome(sends))
  }

  async #sendTogether(sends: readonly WaitingSend[]): Promise<void> {
    try {
      if (this.#dead !== undefined) throw this.#dead
      const [first] = sends
      if (sends.length === 1) {
        const { acknowledged } = await this.#deliver(listOf(sends), first!.signal)
        first!.resolve(acknowledged)
        return
      }
      const signals = sends.flatMap(({ signal }) => (signal === undefined ? [] : [signal]))
      const signal = signals.length === 0 ? undefined : AbortSignal.any([...new Set(signals)])
      const delivered = await this.#deliver(listOf(sends), signal)
      const parts = splitAcknowledged(
        delivered,
        sends.map(({ records }) => records.length),
      )
      sends.forEach((one, i) => {
        one.resolve(parts[i]!)
      })
    } catch (error) {
      this.end(error)
      for (const one of sends) one.reject(error)
    }
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work)
    this.#tail = turn.catch(() => undefined)
    return turn
  }
}

/** A pack goes alone. */
function takeSome(sends: WaitingSend[]): WaitingSend[] {
  let count = 0
  let records = 0
  while (count < sends.length && (count === 0 || joins(sends, count, records)))
    records += sends[count++]!.records.length
  return sends.splice(0, count)
}

function joins(sends: readonly WaitingSend[], count: number, records: number): boolean {
  const next = sends[count]!.records
  return (
    !(next instanceof RecordPack) && !(sends[0]!.records instanceof RecordPack) && records + next.length <= mostRecords
  )
}

function listOf(sends: readonly WaitingSend[]): RecordList {
  const [first] = sends
  if (first!.records instanceof RecordPack) return first!.records
  return new PlainRecords(sends.flatMap(({ records }) => (records instanceof RecordPack ? [] : records)))
}
