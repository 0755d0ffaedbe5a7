/**
 * `pnpm test:kill --seeds N [--from S] [--jobs J] [--version V]`: the kill loop, any number of seeds. With `--plan`
 * it only says what they decide. `pnpm test:kill --hangs`: a process that hangs at each failpoint ends when asked to.
 */
import { parseArgs } from 'node:util'
import { type PostgresServer, type PostgresVersion, startPostgres } from '@cdc/servers'
import { describePlan, type Plan, planOf } from './plan.ts'
import { runHangs } from './run-failpoints.ts'
import { runSeed } from './run-seed.ts'
import { Summary } from './summary.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '40' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    version: { type: 'string' },
    plan: { type: 'boolean', default: false },
    hangs: { type: 'boolean', default: false },
  },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const [count, from, jobs] = [values.seeds, values.from, values.jobs].map((text) => {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`'${text}' is not a whole number.`)
}) as [number, number, number]
const version = values.version === undefined ? undefined : (Number(values.version) as PostgresVersion)

if (values.plan) for (let seed = from; seed < from + count; seed++) console.log(describePlan(planOf(seed, version)))
else process.exitCode = values.hangs ? await runHangs(jobs) : await runAll()

async function runAll(): Promise<number> {
  const servers = new Map<PostgresVersion, Promise<PostgresServer>>()
  const serverOf = (wanted: PostgresVersion) => {
    const server = servers.get(wanted) ?? startPostgres({ version: wanted })
    servers.set(wanted, server)
    return server
  }
  const summary = new Summary(count)
  let next = from
  const work = async () => {
    while (next < from + count) await runOne(planOf(next++, version), serverOf, summary)
  }
  try {
    await Promise.all(Array.from({ length: jobs }, work))
  } finally {
    for (const server of await Promise.all(servers.values())) await server.stop()
  }
  summary.print()
  return summary.failed > 0 ? 1 : 0
}

async function runOne(
  plan: Plan,
  serverOf: (version: PostgresVersion) => Promise<PostgresServer>,
  summary: Summary,
): Promise<void> {
  try {
    summary.add(await runSeed(plan, await serverOf(plan.version)), plan)
  } catch (failure) {
    summary.broken(plan, failure)
  }
}
