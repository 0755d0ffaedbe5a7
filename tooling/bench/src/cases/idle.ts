import { setTimeout as wait } from 'node:timers/promises'
import type { Bench, Group } from '../bench.ts'
import { startPipeline } from '../pipeline-job.ts'
import { freshName, jdbcOptions, sourceOptions } from '../places.ts'
import { cpuOf, memoryOf } from '../proc.ts'
import { fixed, megabytes, noRow, thousands } from '../table.ts'
import { fill } from '../workload/items.ts'

/** A pipeline that has nothing to do. */
export function idle(bench: Bench): Group {
  const name = `idle for ${bench.scale.seconds} s -> jdbc`
  return {
    cases: [
      {
        name,
        async measure(progress) {
          progress(name)
          const figures = await measureIdleness(bench)
          const { cpuPercent, memory, sourceLog, targetLog, quietLog } = figures
          return [
            {
              ...noRow,
              case: name,
              ours: cpuPercent === undefined ? 'not known here' : `${fixed(cpuPercent)} % of a core`,
              peakRss: memory === undefined ? '' : `${megabytes(memory)} now`,
              figures,
            },
            {
              ...noRow,
              case: `${name}: log written at the source`,
              ours: `${thousands(sourceLog)} bytes`,
              reference: `without us ${thousands(quietLog)} bytes`,
            },
            { ...noRow, case: `${name}: log written at the target`, ours: `${thousands(targetLog)} bytes` },
          ]
        },
      },
    ],
    close: async () => undefined,
  }
}

async function measureIdleness(bench: Bench) {
  const { source, target, scale } = bench
  const from = await source.createDatabase('idle')
  const into = await target.createDatabase('idle')
  await fill(source, from, 1000)
  const time = scale.seconds * 1000
  for (const server of [source, target]) await server.query('CHECKPOINT')
  const [before] = await logEnds(bench)
  await wait(time)
  const [after] = await logEnds(bench)
  const slot = freshName()
  const child = startPipeline({
    name: slot,
    source: { ...sourceOptions(source, from), 'slot.name': slot },
    sink: jdbcOptions(target, into),
    tables: 1,
    state: bench.folder,
  })
  await child.said('streaming')
  // the first checkpoints belong to the snapshot
  await wait(Math.min(5000, time))
  const logs = await logEnds(bench)
  const cpu = cpuOf(child.pid)
  await wait(time)
  const cpuAfter = cpuOf(child.pid)
  const memory = memoryOf(child.pid, 'VmRSS')
  const ends = await logEnds(bench)
  child.stop()
  await child.result()
  await source.query(`SELECT pg_drop_replication_slot('${slot}')`, from)
  await source.query(`DROP DATABASE "${from}" WITH (FORCE)`)
  await target.query(`DROP DATABASE "${into}" WITH (FORCE)`)
  return {
    cpuPercent: cpu === undefined || cpuAfter === undefined ? undefined : ((cpuAfter - cpu) / (time * 1000)) * 100,
    memory,
    sourceLog: ends[0]! - logs[0]!,
    targetLog: ends[1]! - logs[1]!,
    quietLog: after! - before!,
  }
}

/** Where the logs of source and target end, in bytes. */
function logEnds({ source, target }: Bench): Promise<number[]> {
  const sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS at"
  return Promise.all([source, target].map(async (server) => (await server.query<{ at: number }>(sql))[0]!.at))
}
