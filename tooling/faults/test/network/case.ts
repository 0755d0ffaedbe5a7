import { CdcError, type Logger, type Report } from '@cdc/core'
import { jdbc } from '@cdc/jdbc'
import { postgresCdc } from '@cdc/postgres-cdc'
import { memoryState, type Pipeline, pipeline } from '@cdc/runtime'
import { type FaultyProxy, startProxy, waitFor } from '@cdc/servers'
import { postgresState } from '@cdc/state-postgres'
import type pg from 'pg'
import { expect } from 'vitest'
import { type Fault, offset } from './faults.ts'
import type { Ground } from './ground.ts'
import type { LinkName, Phase, Stage } from './phases.ts'
import { Wire } from './wire.ts'

export interface NetworkCase {
  readonly link: LinkName
  readonly phase: Phase
  readonly fault: Fault
  /** How often it strikes. */
  readonly times: number
}

/** What a case came to. */
export interface Outcome {
  /** Of the errors that the pipeline met. */
  readonly codes: readonly string[]
  readonly strikes: number
  /** How often it stopped with a code and was started again. */
  readonly restarts: number
}

/** All limits of time small, so that silence shows soon, and long enough for a machine that has much else to do. */
const SOON = 5
const DEADLINE = 150_000
const limits = {
  checkpointInterval: 50,
  stallTimeout: (SOON + 1) * 1000,
  shutdownTimeout: 5000,
  retry: { attempts: 5, initialDelay: 30, maxDelay: 300 },
}

/** Runs a pipeline with the fault in its way, and proves that source and target are the same afterwards. */
export async function runCase(ground: Ground, one: NetworkCase): Promise<Outcome> {
  const run = new CaseRun(ground, one)
  try {
    return await run.prove()
  } finally {
    await run.dispose()
  }
}

class CaseRun {
  readonly #ground: Ground
  readonly #case: NetworkCase
  readonly #codes: string[] = []
  readonly #log: string[] = []
  #stage: Stage = 'starting'
  #strikes = 0
  #restarts = 0
  #writing = true
  #proxy!: FaultyProxy
  readonly #stop = new AbortController()

  constructor(ground: Ground, one: NetworkCase) {
    this.#ground = ground
    this.#case = one
  }

  async prove(): Promise<Outcome> {
    await this.#ground.clear()
    this.#proxy = await startProxy(this.#ground.server)
    this.#proxy.watch((link) => {
      const wire = new Wire()
      let seen = 0
      return (direction, piece) => {
        for (const message of wire.feed(direction, piece)) {
          const { phase, fault, times } = this.#case
          if (!phase.at(message, this.#stage) || ++seen !== (phase.nth ?? 1) || this.#strikes >= times) continue
          return {
            after: offset(fault, message),
            act: () => {
              this.#strikes++
              fault.strike(link, this.#proxy)
            },
          }
        }
        return undefined
      }
    })
    const { fault, phase, link } = this.#case
    const running = this.#runUntilStopped(this.#pipeline())
    const writing = this.#write()
    try {
      await this.#until(() => this.#strikes >= this.#case.times, running, 'the fault to strike')
      this.#writing = false
      await writing
      await this.#until(() => this.#ground.isSame(), running, 'the target to be the same')
      // the state mends a lost connection by itself, and says nothing
      if (!fault.harmless && !phase.passing && link !== 'state')
        await this.#until(() => this.#codes.length > 0, running, 'the fault to be noticed')
    } finally {
      this.#writing = false
      this.#stop.abort()
      await writing.catch(() => undefined)
      await running
    }
    expect(await this.#ground.difference()).toEqual([])
    return { codes: this.#codes, strikes: this.#strikes, restarts: this.#restarts }
  }

  async dispose(): Promise<void> {
    await this.#proxy.close()
    await this.#ground.leave()
  }

  /** Transactions one after the other, for as long as nothing has struck and a little longer. */
  async #write(): Promise<void> {
    const client: pg.Client = await this.#ground.client()
    try {
      for (let round = 0; this.#writing; round++) {
        await this.#ground.write(client, round)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    } finally {
      await client.end()
    }
  }

  /** The pipeline, started again by hand when it stops with a code that allows it: at the start its tries are few. */
  async #runUntilStopped(made: Pipeline): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await made.run(this.#stop.signal)
      } catch (failure) {
        const { code, kind, message } = CdcError.from(failure)
        if (this.#stop.signal.aborted) return
        if (kind !== 'connection' && kind !== 'throttled' && code !== 'STATE_LOCKED') {
          throw new Error(`The pipeline stopped for good: ${code} ${message} (${this.#log.join(' | ')})`)
        }
        this.#codes.push(code)
        if (++this.#restarts > 20) throw failure
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  async #until(condition: () => boolean | Promise<boolean>, running: Promise<void>, describe: string): Promise<void> {
    let ended: unknown
    running.catch((failure) => {
      ended = failure
    })
    const met = async () => {
      if (ended !== undefined) throw ended
      return condition()
    }
    try {
      await waitFor(async () => ended !== undefined || (await met()), { timeout: DEADLINE, interval: 30, describe })
    } catch (failure) {
      throw new Error(`${String(failure)} The log: ${this.#log.slice(-12).join(' | ')}`, { cause: failure })
    }
    if (ended !== undefined) throw ended
  }

  #pipeline(): Pipeline {
    const { link } = this.#case
    const { server, name } = this.#ground
    const port = (of: LinkName) => (of === link ? this.#proxy.port : server.port)
    const keep = (level: string) => (_: object, message: string) => void this.#log.push(`${level}: ${message}`)
    const logger: Logger = { debug() {}, info() {}, warn: keep('warn'), error: keep('error') }
    const { host, user, password } = server
    const state = { host, port: port('state'), user, password, database: this.#ground.target }
    return pipeline({
      name,
      source: postgresCdc({ ...this.#ground.sourceOptions(port('source')), ...soon }),
      sinks: [jdbc(this.#ground.sinkOptions(port('target')))],
      state:
        link === 'state'
          ? postgresState({ connection: { ...state, connectTimeout: SOON * 1000, queryTimeout: SOON * 1000 } })
          : memoryState(),
      limits,
      logger,
      observer: (report) => this.#hear(report),
    })
  }

  #hear(report: Report): void {
    if (report.type === 'streaming') this.#stage = 'streaming'
    if (report.type === 'error') this.#codes.push(report.code)
  }
}

const soon = {
  'connect.timeout': SOON * 1000,
  'query.timeout': SOON * 1000,
  'scan.snapshot.silence-timeout': SOON * 1000,
  'scan.stream.silence-timeout': SOON * 1000,
  'heartbeat.interval.ms': '100',
  'debezium.slot.max.retries': '100',
  'debezium.slot.retry.delay.ms': '100',
}
