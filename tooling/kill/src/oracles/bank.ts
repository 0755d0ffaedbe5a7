import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresConnection } from '@cdc/servers'
import { accounts, balance } from '../schema.ts'

/** Reads all accounts of the target again and again: transfers move money and never make any, whoever looks when. */
export class BankOracle {
  reads = 0
  fault: string | undefined
  #stopped = false
  readonly #running: Promise<void>

  constructor(server: PostgresConnection, target: string) {
    this.#running = this.#run(server, target)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(server: PostgresConnection, target: string): Promise<void> {
    const client = await server.client(target)
    try {
      while (!this.#stopped && this.fault === undefined) {
        await this.#read(() =>
          client.query('SELECT count(*)::int AS count, sum(balance)::int AS sum FROM public.accounts'),
        )
        await delay(20)
      }
    } finally {
      await client.end()
    }
  }

  async #read(query: () => Promise<{ rows: { count: number; sum: number }[] }>): Promise<void> {
    try {
      const { count, sum } = (await query()).rows[0]!
      // before the snapshot of the table there are none; it comes in one transaction
      if (count === 0) return
      this.reads++
      if (count !== accounts || sum !== accounts * balance)
        this.fault ??= `a read of the target found ${count} accounts with ${sum} in all, not ${accounts} with ${accounts * balance}`
    } catch (failure) {
      // 42P01: there is no such table yet
      if ((failure as { code?: string }).code !== '42P01') throw failure
    }
  }
}
