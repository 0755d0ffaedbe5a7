import { createServer } from 'node:net'
import { waitFor } from '@cdc/servers'
import { expect, test } from 'vitest'
import type { CdcProcess } from './cdc-process.ts'
import { cdc } from './cdc-process.ts'
import { LivePipeline } from './live.ts'
import { pipelineFile, told } from './pipeline-file.ts'

const schema = `CREATE TABLE t (id int PRIMARY KEY, note text); INSERT INTO t SELECT i, 'n' FROM generate_series(1, 5000) i;`

/** Where a run serves its metrics, from its log. */
async function urlOf(run: CdcProcess): Promise<string> {
  await run.says('metrics at')
  const line = run.logs.find(({ msg }) => String(msg).startsWith('metrics at'))!
  return (line.urls as string[])[0]!
}

const value = (text: string, metric: string) =>
  Number(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)

test('a run that is asked to serves what it does; it is ready by evidence, and not while its server is away', async () => {
  await using live = await LivePipeline.of(15, schema)
  await using run = live.start(live.file({ more: 'metrics: {port: 0}\n' }), { CDC_FAILPOINTS: 'sink.flush:hang:1' })
  const url = await urlOf(run)
  // the first flush hangs: the source streams meanwhile, and the snapshot is in no sink
  await run.says('"streaming"')
  const notReady = await fetch(`${url}/readyz`)
  expect([notReady.status, await notReady.text()]).toEqual([503, 'not ready: the snapshot is being written\n'])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  run.signal('SIGKILL')
  await run.exit()

  await using again = live.start(live.file({ more: 'metrics: {host: localhost, port: 0}\n' }))
  const base = await urlOf(again)
  const ready = async () => (await fetch(`${base}/readyz`)).status === 200
  await waitFor(ready, { timeout: 30_000, describe: 'the pipeline to be ready' })
  await live.same('t')
  await live.at(`INSERT INTO t SELECT i, 'n' FROM generate_series(6001, 6100) i`)
  await live.same('t')
  const scrape = async () => (await fetch(`${base}/metrics`)).text()
  await waitFor(async () => value(await scrape(), 'cdc_changes_written_total') >= 5100, { describe: 'changes' })
  const text = await scrape()
  expect(value(text, 'cdc_ready')).toBe(1)
  expect(value(text, 'cdc_retained_wal_bytes')).toBeGreaterThan(0)
  expect(value(text, 'cdc_last_checkpoint_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 60)
  expect(text).toContain(`cdc_snapshot_rows{pipeline="${live.name}",table="public.t"} 5000`)
  expect(text).toContain(`cdc_flush_duration_seconds_count{pipeline="${live.name}",sink="jdbc"}`)

  await live.there(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cdc' AND pid <> pg_backend_pid()`,
  )
  await live.at(`INSERT INTO t VALUES (7000, 'n')`)
  await waitFor(async () => value(await scrape(), 'cdc_rewinds_total') >= 1, { describe: 'a rewind' })
  await waitFor(ready, { timeout: 30_000, describe: 'the pipeline to be ready again' })
  await live.same('t')
  again.signal('SIGTERM')
  expect(await again.exit()).toBe(0)
  await expect(fetch(`${base}/healthz`)).rejects.toThrow()
})

test('a port that is taken is told before anything starts', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const file = pipelineFile(
    `name: a\nsource: {connector: datagen, schema: id BIGINT, number-of-rows: 1}\nsink: {connector: print}\n`,
  )
  const { code, stdout, logs } = await cdc(['run', file, '--metrics-port', String(port)])
  expect([code, stdout]).toEqual([2, ''])
  expect(logs).toMatchObject([{ level: 'error', code: 'METRICS_PORT_TAKEN' }])
  other.close()
  // and the process ends although it served
  expect((await cdc(['run', file, '--metrics-port', '0'])).code).toBe(0)
})

test('mistakes below metrics are told with their place', async () => {
  const rest = 'name: a\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: print}\n'
  expect(await told(`${rest}metrics:\n  prot: 1\n  port: 70000\n`)).toEqual([
    "5:3 UNKNOWN_OPTION Option 'prot' is unknown. | Did you mean 'port'?",
    "6:9 INVALID_OPTION Option 'port' must be a whole number from 0 to 65535.",
  ])
  expect(await told(`${rest}metrics: 9464\n`)).toEqual([
    "4:10 INVALID_VALUE 'metrics' must be a mapping of keys, but is a text. | For example: metrics: {port: 9464}",
  ])
  const wrong = await cdc(['run', pipelineFile(rest), '--metrics-port', '99999'])
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('from 0 to 65535')])
})
