import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresConnection } from '@cdc/servers'
import { Evolution } from './evolution.ts'
import type { Plan } from './plan.ts'
import { Random } from './random.ts'
import { type Client, Writer } from './writer.ts'

/** All connections that write to the source, until `stop`. */
export class Workload {
  readonly #server: PostgresConnection
  readonly #database: string
  readonly #plan: Plan
  #stopped = false
  #idle = false
  #running: Promise<unknown>[] = []
  #failure: unknown
  readonly writers: Writer[]
  readonly #evolution: Evolution
  transactions = 0

  constructor(server: PostgresConnection, database: string, plan: Plan) {
    this.#server = server
    this.#database = database
    this.#plan = plan
    const random = new Random(plan.seed * 7919 + 1)
    this.writers = Array.from(
      { length: plan.writers },
      (_, i) => new Writer(i + 1, new Random(random.int(1, 2 ** 30)), plan),
    )
    this.#evolution = new Evolution(new Random(random.int(1, 2 ** 30)))
  }

  start(): void {
    const { pause } = this.#plan
    this.#running = [
      ...this.writers.map((writer) =>
        this.#loop(
          (client) => writer.transaction(client),
          () => writer.random.int(0, pause),
        ),
      ),
      this.#loop(
        (client) => this.#evolution.step(client),
        () => this.#evolution.random.int(20, 400),
      ),
      this.#idleSpells(new Random(this.#plan.seed + 5)),
    ]
  }

  /** Every transaction that was begun is over when it resolves. Throws what no writer expects. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
    if (this.#failure !== undefined) throw this.#failure
  }

  /** After `stop`: one more transaction, by which the end can be known. */
  async last(): Promise<void> {
    const client = await this.#server.client(this.#database)
    try {
      // a shape that no row has followed is told by none
      await this.#evolution.last(client)
      await client.query("INSERT INTO ledger VALUES (-1, 1, 'last')")
    } finally {
      await client.end()
    }
  }

  async #loop(work: (client: Client) => Promise<boolean>, pause: () => number): Promise<void> {
    const client = await this.#server.client(this.#database)
    try {
      while (!this.#stopped) {
        if (!this.#idle && (await work(client))) this.transactions++
        await delay(this.#idle ? 20 : pause())
      }
    } catch (failure) {
      this.#failure ??= failure
      this.#stopped = true
    } finally {
      await client.end()
    }
  }

  async #idleSpells(random: Random): Promise<void> {
    while (!this.#stopped) {
      const until = performance.now() + random.int(500, 4_000)
      while (!this.#stopped && performance.now() < until) await delay(50)
      this.#idle = true
      await delay(random.int(50, 600))
      this.#idle = false
    }
  }
}
