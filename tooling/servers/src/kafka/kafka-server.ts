import { readFileSync } from 'node:fs'
import { clearServerFolder } from '../leftovers.ts'
import { unwatch } from '../watch.ts'
import type { JavaProcess } from './java-process.ts'
import { logOf } from './java-process.ts'

/** What is enough to talk to a broker from another process. */
export interface KafkaAddress {
  /** `127.0.0.1:port`, without security. */
  readonly bootstrapServers: string
  /** `localhost:port` of the further listeners of a secured broker. */
  readonly listeners: Readonly<Record<string, string>>
  /** Undefined for a broker that the user named in CDC_TEST_KAFKA. */
  readonly pid: number | undefined
}

/** A running broker. */
export class KafkaConnection implements KafkaAddress {
  readonly bootstrapServers: string
  readonly listeners: Readonly<Record<string, string>>
  #pid: number | undefined

  constructor({ bootstrapServers, listeners, pid }: KafkaAddress) {
    this.bootstrapServers = bootstrapServers
    this.listeners = listeners
    this.#pid = pid
  }

  get pid(): number | undefined {
    return this.#pid
  }

  protected setPid(pid: number): void {
    this.#pid = pid
  }

  /** A prefix for topics, groups and transactional ids that nobody else has. */
  prefix(name = 'test'): string {
    return `${name}-${process.pid}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`
  }

  /** Sends the broker's process a signal: SIGSTOP freezes it, SIGCONT lets it go on. Only of a broker of one's own. */
  signal(signal: NodeJS.Signals): void {
    if (this.#pid === undefined) throw new Error('The broker of CDC_TEST_KAFKA is not ours to signal.')
    process.kill(this.#pid, signal)
  }
}

/** A broker that this process started. */
export class KafkaServer extends KafkaConnection implements AsyncDisposable {
  readonly #folder: string
  readonly #launch: () => Promise<JavaProcess>
  #process: JavaProcess

  constructor(
    address: Omit<KafkaAddress, 'pid'>,
    folder: string,
    process: JavaProcess,
    launch: () => Promise<JavaProcess>,
  ) {
    super({ ...address, pid: process.pid })
    this.#folder = folder
    this.#process = process
    this.#launch = launch
  }

  get running(): boolean {
    return this.#process.running
  }

  /** What the broker has logged since it was made. */
  log(): string {
    return readFileSync(logOf(this.#folder), 'utf8')
  }

  /** Stops it and keeps its data: `start` brings it back on the same ports. */
  async halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal)
  }

  /** After `halt`. */
  async start(): Promise<void> {
    this.#process = await this.#launch()
    this.setPid(this.#process.pid)
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.halt(signal)
    await this.start()
  }

  /** Stops it and removes its data. */
  async stop(): Promise<void> {
    try {
      await this.#process.stop('SIGKILL')
    } finally {
      await clearServerFolder(this.#folder)
      await unwatch(this.#folder)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
