import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresConnection, startPostgres } from '@cdc/servers'
import { type Plan, planOf } from './plan.ts'
import { namesOf } from './reachable.ts'
import { Fault, SeedRun } from './run-seed.ts'

/** How long until every failpoint has been passed, or a hanging process has ended. Milliseconds. */
const patience = 240_000

/** A run with its own databases, and a fault of the pipeline as a text. */
async function withRun(
  plan: Plan,
  server: PostgresConnection,
  work: (run: SeedRun) => Promise<void>,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-kill-failpoints-'))
  const [source, target] = [await server.createDatabase('kill'), await server.createDatabase('killed')]
  const run = new SeedRun(plan, { server, source, target, slot: source, folder })
  try {
    await run.prepare()
    const fault = await run.supervised(() => work(run))
    if (fault === undefined) rmSync(folder, { recursive: true, force: true })
    return fault && `${fault}, kept in ${folder}`
  } finally {
    await run.dropAll()
  }
}

/** Fails once at each of these places, in a way that passes, while the workload goes on; then all must be equal. */
export function failAtEach(plan: Plan, names: readonly string[], server: PostgresConnection) {
  return withRun(plan, server, async (run) => {
    const deadline = performance.now() + patience
    for (;;) {
      const left = names.filter((name) => !run.reached.has(name))
      if (left.length === 0) return
      if (performance.now() > deadline) throw new Fault(`never reached: ${left.join(', ')}`)
      await run.life(left.map((name) => `${name}:rewind`).join(), async (process) => {
        const others = () => names.some((name) => name !== 'files.cut' && !run.reached.has(name))
        while (process.running && others() && performance.now() < deadline) await delay(50)
      })
      // files are cut back only after a death between lines and manifest
      if (left.includes('files.cut')) await run.life('files.sync:kill:2', async (process) => void (await process.ended))
    }
  })
}

/** Hangs at one place for ever; asked to stop, the process ends, and the next one makes all equal. */
export function hangAt(plan: Plan, name: string, server: PostgresConnection) {
  return withRun(plan, server, async (run) => {
    const last = name.endsWith('.close')
    await run.hanging(`${name}:hang`, last ? 'stream.started' : name, patience)
  })
}

const base: Plan = {
  ...planOf(1),
  prepared: true,
  rows: { items: 300, ledger: 300 },
  writers: 2,
  pause: 8,
  parallelism: 2,
  limits: { 'checkpoint-interval': '20ms', 'batch-rows': 60, 'shutdown-timeout': '300ms' },
  files: { name: '${schema}.${table}-${sequence}.jsonl', size: '16kb' },
}

/** Two pipelines that together come by every failpoint. */
export const everywhere = {
  both: { ...base, sinks: 'both', state: 'directory' } as Plan,
  table: { ...base, sinks: 'jdbc', state: 'postgres' } as Plan,
}

/** `hangAt` for every failpoint. Gives the exit code. */
export async function runHangs(jobs: number): Promise<number> {
  const { both, table } = everywhere
  const own = new Set(namesOf(both))
  const queue = [...own, ...namesOf(table).filter((name) => !own.has(name))]
  await using server = await startPostgres()
  let failed = 0
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const begun = performance.now()
      const fault = await hangAt(own.has(name) ? both : table, name, server)
      if (fault !== undefined) failed++
      console.log(`${name} ${Math.round(performance.now() - begun)} ms ${fault ?? 'ends'}`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  console.log(`${failed} failed`)
  return failed > 0 ? 1 : 0
}
