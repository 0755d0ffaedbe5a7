import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresConnection, waitFor } from '@cdc/servers'
import { checkpointStand, sinkStands } from './durable.ts'
import { AcknowledgedOracle } from './oracles/acknowledged.ts'
import { BankOracle } from './oracles/bank.ts'
import { filesDiffer } from './oracles/files.ts'
import { ledgerDiffers } from './oracles/ledger.ts'
import { targetDiffers } from './oracles/target.ts'
import { type Place, pipelineYaml } from './pipeline-file.ts'
import { cdc, type Ending, PipelineProcess } from './pipeline-process.ts'
import type { Plan, Round } from './plan.ts'
import { foreignKeysSql, preparedSql, sourceSql } from './schema.ts'
import { Workload } from './workload.ts'

export interface SeedResult {
  readonly seed: number
  /** What did not hold; undefined where everything did. */
  readonly fault: string | undefined
  /** Logs, files and state; removed where nothing failed. */
  readonly folder: string
  /** What ended the process, and how often: a failpoint, or a moment. */
  readonly ends: Readonly<Record<string, number>>
  /** Names of failpoints that were passed. */
  readonly reached: readonly string[]
  readonly transactions: number
  readonly bankReads: number
  readonly samples: number
  readonly milliseconds: number
}

/** How long the pipeline may take to catch up at the end, and to stop when asked. Milliseconds. */
const patience = 60_000

/** One seed from its own databases to the comparison. Faults of the pipeline are in the result, others are thrown. */
export async function runSeed(plan: Plan, server: PostgresConnection): Promise<SeedResult> {
  const folder = mkdtempSync(join(tmpdir(), `cdc-kill-${plan.seed}-`))
  const [source, target] = [await server.createDatabase('kill'), await server.createDatabase('killed')]
  const run = new SeedRun(plan, { server, source, target, slot: source, folder })
  try {
    await run.prepare()
    const result = await run.run()
    if (result.fault === undefined) rmSync(folder, { recursive: true, force: true })
    return result
  } finally {
    await run.dropAll()
  }
}

const endedBy = ({ code, signal, error }: Ending) =>
  new Fault(`the process ended by itself with ${code ?? signal} ${error ?? ''}`)

/** Ends the run: what is told is not right. */
export class Fault extends Error {}

/** PostgreSQL before 16 cannot decode its log any more: what the runbook says is done, and then all is compared. */
class ServerFault extends Error {}

/** One pipeline with its databases, its workload and those who watch it. */
export class SeedRun {
  readonly #plan: Plan
  readonly #place: Place
  readonly #file: string
  readonly #ends: Record<string, number> = {}
  #process: PipelineProcess | undefined
  #foreignKeys = false
  #lives = 0
  #counts = { transactions: 0, bankReads: 0, samples: 0 }

  constructor(plan: Plan, place: Place) {
    this.#plan = plan
    this.#place = place
    this.#file = join(place.folder, 'pipeline.yaml')
  }

  async prepare(): Promise<void> {
    const { server, source, target, folder } = this.#place
    await server.query(sourceSql(this.#plan), source)
    if (this.#plan.prepared) await server.query(preparedSql(this.#plan), target)
    mkdirSync(join(folder, 'files'))
    writeFileSync(this.#file, pipelineYaml(this.#place, this.#plan))
  }

  async run(): Promise<SeedResult> {
    const begun = performance.now()
    const fault = await this.supervised(async () => {
      for (const round of this.#plan.rounds) await this.#round(round)
    })
    return {
      seed: this.#plan.seed,
      fault,
      folder: this.#place.folder,
      ends: this.#ends,
      reached: [...this.reached],
      ...this.#counts,
      milliseconds: performance.now() - begun,
    }
  }

  /** Does something while the workload goes on and the oracles look; then lets the pipeline catch up, and compares. */
  async supervised(work: () => Promise<void>): Promise<string | undefined> {
    const { server, source, target } = this.#place
    const workload = new Workload(server, source, this.#plan)
    const bank = new BankOracle(server, target)
    const acknowledged = new AcknowledgedOracle(this.#place, this.#plan)
    let fault: string | undefined
    let startedOver = false
    try {
      workload.start()
      await work()
      await workload.stop()
      await workload.last()
      await this.#drain()
    } catch (failure) {
      if (failure instanceof ServerFault) startedOver = true
      else if (failure instanceof Fault) fault = failure.message
      else throw failure
    } finally {
      this.#process?.signal('SIGKILL')
      await this.#process?.ended
      await workload.stop().catch(() => undefined)
      await bank.stop()
      await acknowledged.stop()
    }
    this.#counts = {
      transactions: workload.transactions,
      bankReads: bank.reads,
      samples: acknowledged.samples,
    }
    fault ??= bank.fault ?? acknowledged.fault
    if (startedOver) fault ??= await this.#startOver()
    return fault ?? (await this.#compare(workload))
  }

  /** Failpoints that the lives so far have passed. */
  get reached(): ReadonlySet<string> {
    const { folder } = this.#place
    const files = readdirSync(folder).filter((name) => name.startsWith('reached.'))
    return new Set(files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean)))
  }

  /** One life, killed when `until` is over. It may end before, by a failpoint. */
  async life(failpoints: string, until: (process: PipelineProcess) => Promise<void>): Promise<void> {
    await this.#addForeignKeys()
    const process = this.#start(failpoints)
    await until(process)
    process.signal('SIGKILL')
    const ending = await process.ended
    if (ending.signal === 'SIGKILL' || ending.error?.startsWith('FAILPOINT') || (await this.#followed(ending))) return
    throw endedBy(ending)
  }

  /** One life that hangs at a failpoint, and is asked to stop once it has passed `name`. */
  async hanging(failpoints: string, name: string, patience: number): Promise<void> {
    const process = this.#start(failpoints)
    await waitFor(() => this.reached.has(name) || !process.running, { timeout: patience, describe: name })
    process.signal('SIGTERM')
    const ending = await process.endedWithin(patience)
    if (ending === undefined) throw new Fault(`the process hangs at ${name} and does not stop`)
    if (ending.code !== 0) throw endedBy(ending)
  }

  #start(failpoints: string): PipelineProcess {
    const { folder } = this.#place
    const reached = join(folder, `reached.${++this.#lives}`)
    this.#process = new PipelineProcess(this.#file, join(folder, 'log'), reached, failpoints)
    return this.#process
  }

  async #round({ failpoint, patience: wait, end }: Round): Promise<void> {
    await this.#addForeignKeys()
    const armed = failpoint === undefined ? '' : `${failpoint.name}:${failpoint.action}:${failpoint.visit}`
    const process = this.#start(armed)
    await process.passes('state.open', patience)
    // what is armed gets the time that it takes to come there; a moment may be any, from the start on
    if (failpoint !== undefined) await process.passes('checkpoint.acknowledged', 10 * wait)
    const ending = await process.endedWithin(wait)
    if (ending !== undefined) return this.#endedByItself(ending, failpoint)
    const stops = end === 'term' && failpoint?.action !== 'hang'
    process.signal(stops ? 'SIGTERM' : 'SIGKILL')
    const last = await process.endedWithin(patience)
    if (last === undefined) throw new Fault('the process was asked to stop and did not')
    if (!stops) return this.#count('a moment')
    // the stop may pass the failpoint, or the change that needs a person
    if (last.code !== 0) return this.#endedByItself(last, failpoint)
    this.#count('SIGTERM')
  }

  async #endedByItself(ending: Ending, failpoint: Round['failpoint']): Promise<void> {
    if (failpoint?.action === 'kill' && ending.signal === 'SIGKILL') return this.#count(failpoint.name)
    if (failpoint?.action === 'error' && ending.error === 'FAILPOINT') return this.#count(`${failpoint.name} (error)`)
    if (await this.#followed(ending)) return this.#count(ending.error!)
    throw endedBy(ending)
  }

  /** Does what the hint of an error says that asks for a person: a column was renamed at the source. */
  async #followed({ error, hint }: Ending): Promise<boolean> {
    if (error !== 'COLUMN_RENAMED') return false
    const sql = /ALTER TABLE \S+ RENAME COLUMN \S+ TO "[^"]+"/.exec(hint ?? '')?.[0]
    if (sql === undefined) return false
    await this.#place.server.query(sql, this.#place.target)
    return true
  }

  #count(what: string): void {
    this.#ends[what] = (this.#ends[what] ?? 0) + 1
  }

  /** Between two lives, once the target is consistent across tables. */
  async #addForeignKeys(): Promise<void> {
    const { sinks, prepared } = this.#plan
    if (this.#foreignKeys || !prepared || sinks === 'files') return
    const { server, target } = this.#place
    const client = await server.client(target)
    try {
      const [stand] = await sinkStands(this.#place, this.#plan, client)
      if (stand === undefined || stand.unsettled) return
      // a killed process's session may still be busy there
      await client.query(`SET lock_timeout = '10s'; ${foreignKeysSql}`)
      this.#foreignKeys = true
    } finally {
      await client.end()
    }
  }

  /** One more life without failpoints, to the last transaction of the source. */
  async #drain(): Promise<void> {
    for (;;) {
      const process = this.#start('')
      const client = await this.#place.server.client(this.#place.target)
      try {
        const arrived = async () => !process.running || (await this.#arrived(client))
        await waitFor(arrived, { timeout: patience, interval: 100, describe: 'the last transaction' }).catch(() => {
          if (this.#plan.version < 16 && process.serverCannotDecode) throw new ServerFault()
          throw new Fault('the last transaction has not arrived')
        })
      } finally {
        await client.end()
      }
      process.signal('SIGTERM')
      const ending = await process.endedWithin(patience)
      if (ending === undefined) throw new Fault('the process was asked to stop and did not')
      if (ending.code === 0) return
      if (!(await this.#followed(ending))) throw endedBy(ending)
    }
  }

  /** The runbook of DECODING_FAILED, with the oracles that look at a running pipeline gone home. */
  async #startOver(): Promise<string | undefined> {
    this.#count('the server cannot decode its log (started over)')
    await cdc(['reset', this.#file, '--rows', '--yes'])
    const { server, target } = this.#place
    // what its columns were altered to may lie in the log that is not read any more
    await server.query('DROP TABLE IF EXISTS changing', target)
    try {
      await this.#drain()
      return undefined
    } catch (failure) {
      if (failure instanceof ServerFault) return 'the server cannot decode its log after starting over either'
      if (failure instanceof Fault) return `after starting over: ${failure.message}`
      throw failure
    } finally {
      this.#process?.signal('SIGKILL')
      await this.#process?.ended
    }
  }

  async #arrived(client: Awaited<ReturnType<PostgresConnection['client']>>): Promise<boolean> {
    const { sinks } = this.#plan
    // the last transaction may be in the snapshot of its table, and other tables still to come
    const stands = await sinkStands(this.#place, this.#plan, client)
    if (stands.some((stand) => stand === undefined || stand.unsettled)) return false
    if (sinks !== 'files') {
      const there = await client
        .query('SELECT 1 FROM public.ledger WHERE w = -1')
        .catch((failure: { code?: string }) => (failure.code === '42P01' ? { rows: [] } : Promise.reject(failure)))
      if (there.rows.length === 0) return false
    }
    if (sinks === 'jdbc') return true
    const folder = join(this.#place.folder, 'files')
    return readdirSync(folder).some(
      (name) =>
        name.includes('.jsonl') &&
        statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true &&
        readFileSync(join(folder, name), 'utf8').includes('"after":{"w":-1,'),
    )
  }

  async #compare(workload: Workload): Promise<string | undefined> {
    const { server, source, target, folder } = this.#place
    const [from, to] = [await server.client(source), await server.client(target)]
    try {
      if (this.#plan.sinks !== 'files') {
        const fault = (await ledgerDiffers(to, workload.writers)) ?? (await targetDiffers(from, to))
        if (fault !== undefined) return `target: ${fault}`
      }
      if (this.#plan.sinks !== 'jdbc') {
        const fault = await filesDiffer(from, join(folder, 'files'))
        if (fault !== undefined) return `files: ${fault}`
      }
      const checkpoint = await checkpointStand(this.#place, this.#plan, to)
      if (checkpoint === undefined || checkpoint.unsettled) return 'the checkpoint at the end is not settled'
      return existsSync(join(folder, 'dead-letters')) ? 'there are dead letters' : undefined
    } finally {
      await Promise.all([from.end(), to.end()])
    }
  }

  async dropAll(): Promise<void> {
    const { server, source, target, slot } = this.#place
    await waitFor(async () => {
      const rows = await server.query<{ pid: number | null }>(
        'SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = $1',
        'postgres',
        [slot],
      )
      return rows.every(({ pid }) => pid === null)
    })
    await server.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
      'postgres',
      [slot],
    )
    for (const database of [source, target]) {
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', 'postgres', [
        database,
      ])
      await server.query(`DROP DATABASE "${database}"`)
    }
  }
}
