import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { checkpointStand, lsnOf, sinkStands } from '../durable.ts'
import type { Place } from '../pipeline-file.ts'
import type { Plan } from '../plan.ts'

/**
 * Samples that `confirmed_flush_lsn` is never above what the checkpoint says, nor that above what any sink has. All
 * three only ever rise, so they are read in this order: whatever moves between two readings can hide a fault for one
 * sample, and never invent one. What is read is what is visible, on a machine that does not crash: that it is also
 * synced is for other tests.
 */
export class AcknowledgedOracle {
  samples = 0
  fault: string | undefined
  #first: bigint | undefined
  #last = 0n
  #stopped = false
  readonly #running: Promise<void>

  constructor(place: Place, plan: Plan) {
    this.#running = this.#run(place, plan)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(place: Place, plan: Plan): Promise<void> {
    const client = await place.server.client(place.target)
    try {
      while (!this.#stopped && this.fault === undefined) {
        await this.#sample(place, plan, client)
        await delay(50)
      }
    } finally {
      await client.end()
    }
  }

  async #sample(place: Place, plan: Plan, client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ lsn: string | null }>(
      'SELECT confirmed_flush_lsn AS lsn FROM pg_replication_slots WHERE slot_name = $1',
      [place.slot],
    )
    if (rows[0]?.lsn == null) return
    const confirmed = lsnOf(rows[0].lsn)
    const checkpoint = await checkpointStand(place, plan, client)
    const sinks = await sinkStands(place, plan, client)
    this.samples++
    // where the slot begins nobody has acknowledged anything
    this.#first ??= confirmed
    const say = (text: string) => {
      this.fault ??= text
    }
    if (confirmed < this.#last) say(`confirmed_flush_lsn went back, from ${hex(this.#last)} to ${hex(confirmed)}`)
    this.#last = confirmed
    if (confirmed > (checkpoint?.lsn ?? this.#first))
      say(`confirmed_flush_lsn ${hex(confirmed)} is above the checkpoint, ${hex(checkpoint?.lsn)}`)
    for (const sink of sinks)
      if (checkpoint !== undefined && checkpoint.lsn > (sink?.lsn ?? 0n))
        say(`the checkpoint ${hex(checkpoint.lsn)} is above a sink, ${hex(sink?.lsn)}`)
  }
}

const hex = (lsn: bigint | undefined) =>
  lsn === undefined ? 'nothing' : `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase()
