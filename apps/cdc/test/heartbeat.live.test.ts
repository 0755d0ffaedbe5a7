import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '@cdc/servers'
import { expect, onTestFinished, test } from 'vitest'
import { LivePipeline } from './live.ts'

test('heartbeats of an idle database reach a file of their own, none torn or twice after a kill', async () => {
  await using live = await LivePipeline.of(15, 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)')
  const folder = mkdtempSync(join(tmpdir(), 'cdc-heartbeat-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const sink = {
    connector: 'filesystem',
    url: undefined,
    username: undefined,
    password: undefined,
    path: folder,
    format: 'debezium-json',
    'debezium-json.topic.prefix': 'shop',
    'debezium-json.heartbeat.interval.ms': '20 ms',
    'sink.line': 'record',
    'sink.file-name': '${schema}.${table}.jsonl',
  }
  const file = live.file({ source: { 'heartbeat.interval.ms': '50 ms' }, sink })
  const written = (name: string) => {
    const path = join(folder, name)
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  }
  const beats = () => written('cdc.heartbeat.jsonl').map((line) => JSON.parse(line))
  for (const more of [5, 10]) {
    await using run = live.start(file)
    await waitFor(() => beats().length >= more, { timeout: 30_000, describe: `${more} heartbeats` })
    run.signal('SIGKILL')
    await run.exit()
  }
  await using last = live.start(file)
  await live.at('INSERT INTO t VALUES (2)')
  await waitFor(() => written('public.t.jsonl').length === 2, { timeout: 30_000, describe: 'the second row' })
  last.signal('SIGTERM')
  expect(await last.exit()).toBe(0)
  const all = beats()
  expect(all[0]).toEqual({ key: { serverName: 'shop' }, value: { ts_ms: expect.any(Number) } })
  const times = all.map(({ value }) => value.ts_ms)
  for (const [i, time] of times.slice(1).entries()) expect(time).toBeGreaterThan(times[i])
})
