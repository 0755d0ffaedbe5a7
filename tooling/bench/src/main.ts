import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type PostgresServer, startPostgres } from '@cdc/servers'
import { type Measurement, measurePipeline, median } from './measure.ts'
import { copyToNowhere, receiveToNowhere } from './references.ts'
import { printTable, type TableRow } from './table.ts'
import { fill, insert, update } from './workload.ts'

const help = `pnpm bench [--rows 1000000] [--inserts 500000] [--updates 200000] [--runs 3] [--only TEXT] [--json FILE]

Snapshot and stream of PostgreSQL into blackhole, into files and into a second database, against COPY TO and pg_recvlogical in
the same run. Rates are medians of --runs, ours and the reference in turn.`

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    inserts: { type: 'string', default: '500000' },
    updates: { type: 'string', default: '200000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(help)
  process.exit(0)
}
const rows = Number(values.rows)
const inserts = Number(values.inserts)
const updates = Number(values.updates)
const runs = Number(values.runs)

/** `filesystem`: debezium-json on disk. */
type SinkKind = 'blackhole' | 'filesystem' | 'jdbc'

interface Case {
  readonly name: string
  readonly reference: string
  readonly run: () => Promise<{ ours: Measurement; reference: Measurement | undefined }>
}

const server = await startPostgres({
  version: 15,
  settings: { max_wal_size: '8GB', shared_buffers: '512MB', synchronous_commit: 'off' },
})
const folder = mkdtempSync(join(tmpdir(), 'cdc-bench-'))
try {
  const results: TableRow[] = []
  for (const one of await prepare(server)) {
    if (values.only !== undefined && !one.name.includes(values.only)) continue
    const measured = []
    for (let i = 0; i < runs; i++) {
      console.error(`${one.name} (${i + 1} of ${runs})`)
      measured.push(await one.run())
    }
    const references = measured.flatMap(({ reference }) => reference ?? [])
    const ours = median(measured.map((each) => each.ours))
    results.push({
      case: one.name,
      ours,
      reference: one.reference,
      measured: references.length === 0 ? undefined : median(references),
    })
  }
  printTable(results)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function prepare(source: PostgresServer): Promise<Case[]> {
  const snapshot = await source.createDatabase('snapshot')
  await fill(source, snapshot, rows)
  const streams = new Map<string, { database: string; changes: number }>()
  for (const kind of ['inserts', 'updates'] as const) streams.set(kind, await backlog(source, kind))
  const sinks: SinkKind[] = ['blackhole', 'filesystem', 'jdbc']
  return [
    ...sinks.map((sink) => snapshotCase(source, snapshot, sink)),
    ...[...streams].flatMap(([kind, stream]) => sinks.map((sink) => streamCase(source, kind, stream, sink))),
  ]
}

/** A database with a slot that has everything still to give. */
async function backlog(
  source: PostgresServer,
  kind: 'inserts' | 'updates',
): Promise<{ database: string; changes: number }> {
  const database = await source.createDatabase(kind)
  await fill(source, database, kind === 'inserts' ? 0 : 100_000)
  await source.query(
    'CREATE PUBLICATION dbz_publication FOR TABLE items WITH (publish_via_partition_root = true)',
    database,
  )
  await source.query(`SELECT pg_create_logical_replication_slot('${database}', 'pgoutput')`, database)
  if (kind === 'inserts') await insert(source, database, 1, inserts)
  else await update(source, database, 100_000, updates)
  return { database, changes: kind === 'inserts' ? inserts : updates }
}

function snapshotCase(source: PostgresServer, database: string, sink: SinkKind): Case {
  return {
    name: `snapshot of ${rows.toLocaleString('en')} rows to ${sink}`,
    reference: 'COPY TO to nowhere',
    run: async () => {
      const target = await targetOf(source, sink, undefined)
      const name = `bench_${Math.random().toString(36).slice(2, 8)}`
      const job = {
        name,
        source: { ...sourceOptions(source, database), 'scan.startup.mode': 'snapshot' },
        sink: target.options,
        changes: rows,
        state: folder,
      }
      const ours = await measurePipeline(job)
      await target.drop()
      return { ours, reference: await copyToNowhere(source, database, rows) }
    },
  }
}

function streamCase(
  source: PostgresServer,
  kind: string,
  { database, changes }: { database: string; changes: number },
  sink: SinkKind,
): Case {
  return {
    name: `catch-up of ${changes.toLocaleString('en')} ${kind} to ${sink}`,
    reference: 'pg_recvlogical to nowhere',
    run: async () => {
      const target = await targetOf(source, sink, kind === 'updates' ? database : undefined)
      const name = `bench_${Math.random().toString(36).slice(2, 8)}`
      await source.query(`SELECT pg_copy_logical_replication_slot('${database}', '${name}')`, database)
      const options = { ...sourceOptions(source, database), 'slot.name': name, 'scan.startup.mode': 'committed-offset' }
      const ours = await measurePipeline({ name, source: options, sink: target.options, changes, state: folder })
      await source.query(`SELECT pg_drop_replication_slot('${name}')`, database)
      await target.drop()
      return { ours, reference: await receiveToNowhere(source, database, database, changes) }
    },
  }
}

function sourceOptions({ host, port, user, password }: PostgresServer, database: string) {
  return {
    hostname: host,
    port,
    username: user,
    password,
    'database-name': database,
    'schema-name': 'public',
    'table-name': 'items',
    sslmode: 'disable',
  }
}

/** A fresh target: for updates with the rows that they meet. */
async function targetOf(source: PostgresServer, sink: SinkKind, like: string | undefined) {
  if (sink === 'blackhole') return { options: { connector: 'blackhole' }, drop: async () => undefined }
  if (sink === 'filesystem') {
    const path = mkdtempSync(join(folder, 'files-'))
    return {
      options: { connector: 'filesystem', path },
      drop: async () => rmSync(path, { recursive: true, force: true }),
    }
  }
  const database = await source.createDatabase('target')
  if (like !== undefined) await fill(source, database, 100_000)
  const url = `jdbc:postgresql://${source.host}:${source.port}/${database}?sslmode=disable`
  return {
    options: { connector: 'jdbc', url, username: source.user, password: source.password },
    drop: async () => {
      await source.query(`DROP DATABASE "${database}"`)
    },
  }
}
