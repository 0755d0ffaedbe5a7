import { text } from 'node:stream/consumers'
import pg from 'pg'
import type { LoadJob, LoadResult } from '../cases/latency.ts'
import { say } from './say.ts'

/**
 * An open-loop load: transaction number n begins when it is due, whatever became of those before. Even ones insert row
 * n, odd ones update an even row of half a second ago, so each row's last transaction stays known by its xmin.
 */
const { connection, perSecond, transactions } = JSON.parse(await text(process.stdin)) as LoadJob
const lag = Math.floor(perSecond / 4) * 2
const clients = await Promise.all(
  Array.from({ length: 4 }, async () => {
    const client = new pg.Client({ ...connection, ssl: false })
    await client.connect()
    await client.query('SET synchronous_commit = on')
    return client
  }),
)
const insert = {
  name: 'insert',
  text: `INSERT INTO items VALUES ($1::bigint, 'name ' || $1, 'user' || $1 || '@example.com', 'new', $1 % 100000 + 0.25,
    $1 % 1000, now(), repeat(md5($1::text), 3))`,
}
const update = { name: 'update', text: "UPDATE items SET status = 'paid' WHERE id = $1::bigint" }

let issued = 0
let ended = 0
let failure: unknown
const start = performance.now()
await new Promise<void>((resolve) => {
  const tick = (): void => {
    const due = Math.min(transactions, Math.floor(((performance.now() - start) / 1000) * perSecond))
    for (; issued < due; issued++) issue(issued)
    if (issued < transactions && failure === undefined) setTimeout(tick, 1)
    else if (failure !== undefined) resolve()
  }
  const issue = (n: number): void => {
    // every row stays on one connection, so that an update never comes before its insert
    const row = n % 2 === 0 ? n : n - 1 - lag
    const client = clients[Math.abs(row / 2) % clients.length]!
    const statement = n % 2 === 0 ? insert : update
    client
      .query({ ...statement, values: [row] })
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        if (++ended === transactions) resolve()
      })
  }
  tick()
})
if (failure !== undefined) throw failure
const seconds = (performance.now() - start) / 1000
for (const client of clients) await client.end()
say({ transactions, seconds } satisfies LoadResult)
