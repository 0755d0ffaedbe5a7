import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type PostgresServer, startPostgres, waitFor } from '@cdc/servers'
import { PipelineProcess } from './pipeline-process.ts'
import { bold, ChangelogView, dim, green, red, say, step } from './screen.ts'
import { createShipments, fingerprint, Workload } from './shipments.ts'

const rows = 5_000

function pipelineFile({ host, port, user }: PostgresServer, source: string, target: string, folder: string): string {
  return `name: demo
source:
  connector: postgres-cdc
  hostname: ${host}
  port: ${port}
  username: ${user}
  password: \${env:CDC_DEMO_PASSWORD}
  database-name: ${source}
  schema-name: public
  table-name: shipments
sinks:
  - connector: jdbc
    url: jdbc:postgresql://${host}:${port}/${target}
    username: ${user}
    password: \${env:CDC_DEMO_PASSWORD}
  - connector: print
state: ${join(folder, 'state')}
`
}

async function demo(server: PostgresServer, folder: string): Promise<boolean> {
  const [source, target] = ['shop', 'warehouse']
  for (const name of [source, target]) await server.query(`CREATE DATABASE ${name}`)
  await createShipments(server, source, rows)
  const file = join(folder, 'pipeline.yaml')
  const text = pipelineFile(server, source, target, folder)
  writeFileSync(file, text)
  process.env.CDC_DEMO_PASSWORD = server.password
  say(
    `PostgreSQL ${server.version} is running on port ${server.port}, with ${rows.toLocaleString('en')} shipments in database ${source}.`,
  )

  step('1. The pipeline, as a file')
  say(dim(text.replace(/^/gm, '     ').trimEnd()))

  step('2. cdc run pipeline.yaml: first a snapshot, then every change, while people work')
  const work = new Workload(await server.client(source))
  const view = new ChangelogView(6)
  let current = new PipelineProcess(file, (line) => view.line(line))
  view.start(() => `${work.total.toLocaleString('en')} changes made so far`)
  const alive = () => {
    if (!current.running) throw new Error(`The pipeline has stopped:\n${current.log}`)
  }
  try {
    await arrived(server, target, rows, alive)
    await wait(3000)
    alive()

    step('3. kill -9: the pipeline dies in the middle of it, the work goes on')
    await current.end('SIGKILL')
    const before = work.total
    await wait(1500)
    say(`     ${(work.total - before).toLocaleString('en')} changes were made while nobody was listening.`)

    step('4. Started again: it goes on where the target stands')
    current = new PipelineProcess(file, (line) => view.line(line))
    await wait(3500)
    alive()
  } finally {
    view.stop()
    await work.stop()
  }

  step('5. The work stops. Is the target equal to the source?')
  try {
    const same = await compare(server, source, target, work, alive)
    say(
      `     (the print sink showed ${view.total.toLocaleString('en')} changelog rows; it keeps no position, so around the kill it may show some twice)`,
    )
    return same
  } finally {
    await current.end('SIGTERM')
  }
}

async function arrived(server: PostgresServer, target: string, count: number, alive: () => void): Promise<void> {
  const there = async () => {
    alive()
    const [row] = await server.query<{ found: string | null }>(
      "SELECT to_regclass('public.shipments') AS found",
      target,
    )
    return row!.found !== null && (await fingerprint(server, target)).rows >= count
  }
  await waitFor(there, { timeout: 60_000, describe: 'the snapshot to arrive in the target' })
}

async function compare(
  server: PostgresServer,
  source: string,
  target: string,
  work: Workload,
  alive: () => void,
): Promise<boolean> {
  const wanted = await fingerprint(server, source)
  const start = performance.now()
  let found = await fingerprint(server, target)
  while (found.digest !== wanted.digest && performance.now() - start < 30_000) {
    alive()
    await wait(20)
    found = await fingerprint(server, target)
  }
  const { inserts, updates, deletes } = work.counts
  say(
    `     made at the source: ${inserts.toLocaleString('en')} inserts, ${updates.toLocaleString('en')} updates, ${deletes.toLocaleString('en')} deletes`,
  )
  say(`     source: ${wanted.rows.toLocaleString('en')} rows, md5 ${wanted.digest}`)
  say(`     target: ${found.rows.toLocaleString('en')} rows, md5 ${found.digest}`)
  const same = found.digest === wanted.digest
  say(same ? green(bold('     Equal, to the last byte.')) : red(bold('     NOT equal.')))
  return same
}

function farewell(): void {
  step('What you have seen')
  say(`     A table was copied while it was being changed, and every change after the copy followed it, in order and in
     whole transactions. The process was killed with -9 and the target neither lost nor repeated a row: rows and
     position are committed together, and the source keeps its log until both are safe.`)
  step('What to try next')
  say(`     Write such a file for a database of yours (its tables are only read, a slot and a publication are made), then
       pnpm cdc validate pipeline.yaml    finds mistakes without connecting
       pnpm cdc doctor pipeline.yaml      checks both servers and prints what to grant
       pnpm cdc plan pipeline.yaml        shows what a run would do
       pnpm cdc run pipeline.yaml         does it
     docs/ explains positions, guarantees, types, options and every error. pnpm bench measures it on this machine.`)
  say()
}

say(bold('cdc: every change of a PostgreSQL database, in another one'))
const folder = mkdtempSync(join(tmpdir(), 'cdc-demo-'))
let server: PostgresServer | undefined
try {
  server = await startPostgres({ version: 18 })
  const same = await demo(server, folder)
  if (same) farewell()
  process.exitCode = same ? 0 : 1
} catch (error) {
  say(red(error instanceof Error ? error.message : String(error)))
  process.exitCode = 1
} finally {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
}
