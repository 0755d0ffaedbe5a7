import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates, startPostgres } from '@cdc/servers'
import type { Bench, Group } from './bench.ts'
import { catchUps, largeTransaction } from './cases/catch-up.ts'
import { debezium } from './cases/debezium.ts'
import { growth } from './cases/growth.ts'
import { idle } from './cases/idle.ts'
import { kafkaLatency } from './cases/kafka-latency.ts'
import { kafkaSinks } from './cases/kafka-sinks.ts'
import { kafkaSource } from './cases/kafka-source.ts'
import { latency } from './cases/latency.ts'
import { manyTables } from './cases/many-tables.ts'
import { snapshots } from './cases/snapshot.ts'
import { BenchKafka } from './kafka/broker.ts'
import { type BenchOptions, help, readOptions } from './options.ts'
import { type Circumstances, checkPlace, putInto } from './page.ts'
import { markdownTable, renderTable, type TableRow } from './table.ts'

// the servers are as far as possible the same for ours and for references: durable they need not be here
const settings = {
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  shared_buffers: '512MB',
  max_locks_per_transaction: '1024',
  track_commit_timestamp: 'on',
  wal_retrieve_retry_interval: '100ms',
}

const options = understood()
if (options === undefined) process.exitCode = 2
else if (options.help) console.log(help)
else await bench(options)

function understood(): BenchOptions | undefined {
  try {
    const read = readOptions(process.argv.slice(2))
    if (read.into !== undefined) checkPlace(read.into)
    return read
  } catch (mistake) {
    console.error(`${(mistake as Error).message}\n\n${help}`)
    return undefined
  }
}

async function bench({ markdown, json, scale, takes, ...which }: BenchOptions): Promise<void> {
  const certificates = await makeCertificates()
  const source = await startPostgres({
    version: 15,
    settings: { ...settings, synchronous_commit: 'off' },
    tls: { ...certificates.server, ca: certificates.ca },
  })
  const target = await startPostgres({ version: 15, settings })
  const folder = mkdtempSync(join(tmpdir(), 'cdc-bench-'))
  const kafka = new BenchKafka()
  try {
    const measure = { source, target, kafka, folder, scale }
    const groups = (which.growth ? growth : which.debezium ? debezium : everything)(measure)
    const started = { load: loadavg(), at: new Date() }
    const rows = await measureGroups(groups, takes)
    const ended = { load: loadavg(), at: new Date() }
    const table = (markdown ? markdownTable : renderTable)(rows)
    report(table, rows, { started, ended, scale }, json)
    if (which.into !== undefined) putInto(which.into, rows, { started, ended, scale })
  } finally {
    await kafka.stop()
    await source.stop()
    await target.stop()
    await certificates[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
}

function everything(measure: Bench): Group[] {
  const groups = [
    snapshots,
    catchUps,
    latency,
    largeTransaction,
    manyTables,
    idle,
    kafkaSinks,
    kafkaLatency,
    kafkaSource,
  ]
  return groups.map((group) => group(measure))
}

async function measureGroups(groups: readonly Group[], takes: (name: string) => boolean): Promise<TableRow[]> {
  const rows: TableRow[] = []
  for (const { cases, close } of groups) {
    try {
      for (const one of cases)
        if (takes(one.name)) rows.push(...(await one.measure((text) => process.stderr.write(`${text}\n`))))
    } finally {
      await close()
    }
  }
  return rows
}

function report(
  table: string,
  rows: readonly TableRow[],
  circumstances: Circumstances,
  json: string | undefined,
): void {
  const { started, ended, scale } = circumstances
  const load = [started, ended].map((moment) => moment.load[0]!.toFixed(1))
  const text = `${table}

Rates: medians of ${scale.runs}. CPU: of our process, user and system; in brackets of the second half of the changes.
References: their rate, and the CPU a change of their client where it can be measured.
Load average of the machine (it holds the servers and the load too): ${load[0]} before, ${load[1]} after.`
  if (json !== '-') console.log(text)
  if (json === undefined) return
  const data = `${JSON.stringify({ ...circumstances, rows }, null, 2)}\n`
  if (json === '-') {
    process.stderr.write(`${text}\n`)
    process.stdout.write(data)
  } else writeFileSync(json, data)
}
