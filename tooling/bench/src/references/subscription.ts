import { type PostgresServer, waitFor } from '@cdc/servers'
import type { Measurement } from '../measurement.ts'
import { cpuOf } from '../proc.ts'
import { type Backlog, copySlot, dropSlot } from '../workload/backlog.ts'

/** Looking is done on a connection that is kept, so that it costs the servers next to nothing. */
const look = { timeout: 3_600_000, interval: 5 }

function connectionString({ host, port, user, password }: PostgresServer, database: string): string {
  return `host=${host} port=${port} user=${user} password=${password} dbname=${database} sslmode=disable`
}

/** A subscription's initial copy into an empty `items` of `into`, until its worker has committed. */
export async function subscriptionCopy(
  source: PostgresServer,
  from: string,
  target: PostgresServer,
  into: string,
  rows: number,
): Promise<Measurement> {
  const name = `copy_${into.slice(-16)}`
  await source.query(
    `DO $$ BEGIN CREATE PUBLICATION reference FOR TABLE items; EXCEPTION WHEN duplicate_object THEN END $$`,
    from,
  )
  const client = await target.client(into)
  const dsn = connectionString(source, from)
  try {
    const start = performance.now()
    await client.query(`CREATE SUBSCRIPTION ${name} CONNECTION '${dsn}' PUBLICATION reference`)
    const copied = async () =>
      (await client.query("SELECT FROM pg_subscription_rel WHERE srsubstate IN ('f', 's', 'r')")).rowCount === 1
    await waitFor(copied, { ...look, describe: 'the initial copy of the subscription' })
    return { changes: rows, seconds: (performance.now() - start) / 1000 }
  } finally {
    await client.query(`DROP SUBSCRIPTION IF EXISTS ${name}`)
    await client.end()
  }
}

/**
 * A subscription that catches up with a backlog: slot and subscription are there and disabled, and time runs from
 * ENABLE until `caughtUp`, a condition on the target's rows, holds.
 */
export async function subscriptionCatchUp(
  source: PostgresServer,
  backlog: Backlog,
  target: PostgresServer,
  into: string,
): Promise<Measurement> {
  const slot = await copySlot(source, backlog)
  const client = await target.client(into)
  const { database, publication, changes, caughtUp } = backlog
  let subscribed = false
  try {
    const options = `slot_name = '${slot}', create_slot = false, copy_data = false, enabled = false`
    await client.query(
      `CREATE SUBSCRIPTION ${slot} CONNECTION '${connectionString(source, database)}' PUBLICATION ${publication} WITH (${options})`,
    )
    subscribed = true
    const start = performance.now()
    await client.query(`ALTER SUBSCRIPTION ${slot} ENABLE`)
    await waitFor(async () => (await client.query(caughtUp)).rowCount === 1, {
      ...look,
      describe: 'the subscription to catch up',
    })
    const seconds = (performance.now() - start) / 1000
    return { changes, seconds, cpu: await cpuOfWorker() }
  } finally {
    if (subscribed) {
      await client.query(`ALTER SUBSCRIPTION ${slot} DISABLE`)
      await client.query(`ALTER SUBSCRIPTION ${slot} SET (slot_name = NONE)`)
      await client.query(`DROP SUBSCRIPTION ${slot}`)
    }
    await client.end()
    await dropSlot(source, database, slot)
  }

  async function cpuOfWorker(): Promise<number | undefined> {
    const { rows } = await client.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_subscription WHERE subname = $1 AND pid IS NOT NULL',
      [slot],
    )
    return rows[0] && cpuOf(rows[0].pid)
  }
}
