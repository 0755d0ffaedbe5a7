import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
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

// every row stays on one connection, so that an update never comes before its insert
const queues = clients.map(() => Promise.resolve())

async function transact(n: number): Promise<void> {
  const row = n % 2 === 0 ? n : n - 1 - lag
  const lane = Math.abs(row / 2) % clients.length
  const statement = n % 2 === 0 ? insert : update
  queues[lane] = queues[lane]!.then(async () => {
    await clients[lane]!.query({ ...statement, values: [row] })
  })
  await queues[lane]
}

const start = performance.now()
const begun: Promise<void>[] = []
while (begun.length < transactions) {
  const due = Math.min(transactions, Math.floor(((performance.now() - start) / 1000) * perSecond))
  while (begun.length < due) begun.push(transact(begun.length))
  await wait(1)
}
await Promise.all(begun)
const seconds = (performance.now() - start) / 1000
for (const client of clients) await client.end()
say({ transactions, seconds } satisfies LoadResult)
