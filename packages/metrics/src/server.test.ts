import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Report } from '@cdc/core'
import { afterEach, describe, expect, test } from 'vitest'
import { type MetricsEndpoint, type MetricsServerOptions, metricNames, startMetricsServer } from './index.ts'

const open: MetricsEndpoint[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
const start = async (more: Partial<MetricsServerOptions> = {}) => {
  const endpoint = await startMetricsServer({ pipeline: 'shop', port: 0, ...more })
  open.push(endpoint)
  const get = (path: string, init?: RequestInit) => fetch(`${endpoint.urls[0]}${path}`, init)
  return { ...endpoint, get, text: async (path: string) => (await get(path)).text() }
}

/** One of each kind, with whatever a name may hold. */
const reports: Report[] = [
  { type: 'snapshot-started', tables: [{ table: 'public."odd\\ \n table"', rows: 10 }] },
  { type: 'snapshot-progress', table: 'public."odd\\ \n table"', rows: 4, done: false },
  { type: 'snapshot-finished', position: '0/1' },
  { type: 'streaming', position: '0/1' },
  { type: 'lag', bytes: 1024, milliseconds: 1500 },
  { type: 'retained', bytes: 2 ** 40 },
  { type: 'written', changes: 100, bytes: 5000, milliseconds: 20 },
  { type: 'flushed', sink: 'warehouse', milliseconds: 30 },
  { type: 'checkpoint', position: '0/2', milliseconds: 4, settled: true },
  { type: 'error', code: 'CONNECTION_LOST', kind: 'connection' },
  { type: 'rewind', code: 'CONNECTION_LOST', message: 'lost', delay: 1 },
  { type: 'retried', sink: 'warehouse', code: 'TARGET_RETRY' },
  { type: 'rejected', sink: 'warehouse', table: 'public.t', code: 'VALUE_REFUSED' },
  { type: 'skipped', sink: 'warehouse', changes: 3, reason: 'x' },
]

describe('/metrics', () => {
  test('has every metric that is promised, with escaped labels, in the format of Prometheus', async () => {
    const { observer, get } = await start()
    for (const report of reports) observer(report)
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    const found = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]))
    expect([...found].sort()).toEqual(Object.keys(metricNames).sort())
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|\w+\{(\w+="([^"\\\n]|\\[\\n"])*",?)*\} \S+)$/)
    expect(text).toContain('cdc_snapshot_rows{pipeline="shop",table="public.\\"odd\\\\ \\n table\\""} 4\n')
    expect(text).toContain('cdc_retained_wal_bytes{pipeline="shop"} 1099511627776\n')
    expect(text).toContain('cdc_lag_seconds{pipeline="shop"} 1.5\n')
    expect(text).toContain('cdc_changes_written_total{pipeline="shop"} 100\n')
    expect(text).toContain('cdc_flush_duration_seconds_bucket{pipeline="shop",sink="warehouse",le="0.05"} 1\n')
    expect(text).toContain('cdc_errors_total{pipeline="shop",code="CONNECTION_LOST",kind="connection"} 1\n')
  })

  test('names of tables are bounded', async () => {
    const { observer, text } = await start()
    for (let i = 0; i < 1000; i++)
      observer({ type: 'rejected', sink: 's', table: `public.t${i}`, code: 'VALUE_REFUSED' })
    const lines = (await text('/metrics')).match(/^cdc_rejected_changes_total.*$/gm)!
    expect(lines).toHaveLength(201)
    expect(lines.find((line) => line.includes('(other)'))).toMatch(/ 800$/)
  })
})

describe('/healthz and /readyz', () => {
  test('alive from the start; ready only when the stream is seen and the snapshot is in every sink', async () => {
    const { observer, get, text } = await start()
    expect([(await get('/healthz')).status, await text('/healthz')]).toEqual([200, 'alive\n'])
    const ready = async () => [(await get('/readyz')).status, await text('/readyz')]
    const steps: [Report | undefined, number, string][] = [
      [undefined, 503, 'not ready: the stream has not begun\n'],
      [{ type: 'snapshot-started', tables: [] }, 503, 'not ready: the snapshot is being read\n'],
      [
        { type: 'checkpoint', position: '0/1', milliseconds: 1, settled: false },
        503,
        'not ready: the snapshot is being read\n',
      ],
      [{ type: 'snapshot-finished', position: '0/1' }, 503, 'not ready: the snapshot is being written\n'],
      [{ type: 'streaming', position: '0/1' }, 503, 'not ready: the snapshot is being written\n'],
      [{ type: 'checkpoint', position: '0/1', milliseconds: 1, settled: true }, 200, 'ready: streaming\n'],
      [
        { type: 'error', code: 'CONNECTION_LOST', kind: 'connection' },
        503,
        'not ready: CONNECTION_LOST, reading again\n',
      ],
      [
        { type: 'rewind', code: 'CONNECTION_LOST', message: '', delay: 1 },
        503,
        'not ready: CONNECTION_LOST, reading again\n',
      ],
      [{ type: 'written', changes: 1, bytes: 1, milliseconds: 1 }, 503, 'not ready: CONNECTION_LOST, reading again\n'],
      [{ type: 'streaming', position: '0/1' }, 200, 'ready: streaming\n'],
      [
        { type: 'checkpoint', position: '0/2', milliseconds: 1, settled: false },
        503,
        'not ready: changes made during the snapshot are being written\n',
      ],
    ]
    for (const [report, status, reason] of steps) {
      if (report !== undefined) observer(report)
      expect(await ready()).toEqual([status, reason])
    }
  })
})

describe('the server', () => {
  test('answers GET alone, and says which paths there are', async () => {
    const { get } = await start()
    for (const method of ['POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await get('/metrics', { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET'])
    }
    expect((await get('/')).status).toBe(404)
    expect((await get('/metrics/../etc/passwd')).status).toBe(404)
    expect((await get('/metrics?name=x')).status).toBe(200)
  })

  test('a port that is taken, and an address of another machine, are coded errors', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await expect(start({ port })).rejects.toMatchObject({
      code: 'METRICS_PORT_TAKEN',
      message: expect.stringContaining(String(port)),
    })
    await new Promise((resolve) => other.close(resolve))
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'METRICS_ADDRESS' })
    // nothing was left behind
    expect((await start({ port })).urls).toEqual([`http://127.0.0.1:${port}`])
  })

  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
  test('listens on the address families that were asked for, and no others', async () => {
    const families = async (host: string) => {
      const { urls } = await start({ host })
      const port = new URL(urls[0]!).port
      const answers = async (address: string) =>
        fetch(`http://${address}:${port}/healthz`).then(
          () => true,
          () => false,
        )
      return [await answers('127.0.0.1'), await answers('[::1]')]
    }
    expect(await families('127.0.0.1')).toEqual([true, false])
    expect(await families('0.0.0.0')).toEqual([true, false])
    expect(await families('localhost')).toEqual([true, hasIpv6])
    expect(await families('*')).toEqual([true, hasIpv6])
    if (hasIpv6) expect(await families('::')).toEqual([false, true])
  })
})
