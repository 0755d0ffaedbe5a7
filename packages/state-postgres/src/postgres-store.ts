import { CdcError, failpoint, type StateStore } from '@cdc/core'
import type { ConnectionOptions } from '@cdc/pg-replication'
import { stateError } from './errors.ts'
import { giveBack, type LeasedSession, takeLease } from './lease.ts'
import { checksum, type Saved, type StateTable } from './state-table.ts'

/** What is known of an entry: its last generation, and a save whose outcome is not known. */
interface Known {
  generation: bigint
  unknown?: Saved | undefined
}

export class PostgresStore implements StateStore {
  readonly #connection: ConnectionOptions
  readonly #table: StateTable
  readonly #pipeline: string
  readonly #known = new Map<string, Known>()
  #open = false
  #leased: LeasedSession | undefined
  /** A session that was lost while it held the lease. */
  #former: LeasedSession | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(connection: ConnectionOptions, table: StateTable, pipeline: string) {
    this.#connection = connection
    this.#table = table
    this.#pipeline = pipeline
  }

  describe(): string {
    const { host, port, database } = this.#connection
    return `PostgreSQL ${host}:${port}/${database}, table ${this.#table.name}`
  }

  async open(): Promise<void> {
    await this.#serially(async () => {
      this.#open = true
      try {
        await failpoint('state.open')
        const { session } = await this.#connected()
        await this.#table.ensure(session)
      } catch (error) {
        this.#open = false
        await this.#release()
        throw error
      }
    })
  }

  load(entry: string): Promise<string | undefined> {
    return this.#serially(() =>
      this.#twice(async ({ session }) => {
        await failpoint(entry, 'load')
        const saved = await this.#table.read(session, this.#pipeline, entry)
        this.#known.set(entry, { generation: saved?.generation ?? 0n })
        return saved?.text
      }),
    )
  }

  save(entry: string, text: string): Promise<void> {
    return this.#serially(async () => {
      let next: Saved | undefined
      await this.#twice(async (leased) => {
        const known = await this.#settled(leased, entry)
        // the first attempt had written it, and only its answer was lost
        if (next !== undefined && known.generation === next.generation) return
        const generation = known.generation + 1n
        next = { generation, text, checksum: checksum(this.#pipeline, entry, generation, text) }
        await this.#write(leased, entry, known, next)
      })
    })
  }

  clear(): Promise<void> {
    return this.#serially(() =>
      this.#twice(async ({ session }) => {
        await this.#table.clear(session, this.#pipeline)
        this.#known.clear()
      }),
    )
  }

  async close(): Promise<void> {
    this.#open = false
    await this.#last
    await this.#release()
  }

  async #write({ session }: LeasedSession, entry: string, known: Known, next: Saved): Promise<void> {
    await failpoint(entry, 'write')
    known.unknown = next
    try {
      const written = await this.#table.write(session, this.#pipeline, entry, next)
      await failpoint(entry, 'written')
      known.unknown = undefined
      if (!written) throw this.#conflict(`generation ${known.generation} of '${entry}' is no longer the newest`)
      known.generation = next.generation
    } catch (error) {
      // any other error is the server's word that nothing was written
      if (!isLoss(error)) known.unknown = undefined
      throw error
    }
  }

  /** What is known of an entry, once the outcome of the last save is. The lease is held, so nobody is writing. */
  async #settled({ session }: LeasedSession, entry: string): Promise<Known> {
    const known = this.#known.get(entry)
    if (known !== undefined && known.unknown === undefined) return known
    const saved = await this.#table.read(session, this.#pipeline, entry)
    const generation = saved?.generation ?? 0n
    const wanted = known?.unknown
    const ours = wanted !== undefined && generation === wanted.generation && saved?.checksum === wanted.checksum
    if (known !== undefined && !ours && generation !== known.generation)
      throw this.#conflict(`generation ${known.generation} of '${entry}' was expected, and the newest is ${generation}`)
    const settled: Known = { generation }
    this.#known.set(entry, settled)
    return settled
  }

  /** Runs with a session that holds the lease, and once more when the connection was lost. */
  async #twice<T>(work: (leased: LeasedSession) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#connected())
    } catch (error) {
      if (!isLoss(error) || !this.#open) throw error
      this.#lose()
    }
    try {
      return await work(await this.#connected())
    } catch (error) {
      if (isLoss(error)) this.#lose()
      throw error
    }
  }

  async #connected(): Promise<LeasedSession> {
    if (!this.#open)
      throw stateError('STATE_NOT_OPEN', { message: `The state of pipeline '${this.#pipeline}' is not open.` })
    if (this.#leased !== undefined) return this.#leased
    const scope = { pipeline: this.#pipeline, table: this.#table.name }
    const leased = await takeLease(this.#connection, scope, this.#former)
    this.#leased = leased
    this.#former = undefined
    void leased.session.closed.then(() => {
      if (this.#leased === leased) this.#lose()
    })
    return leased
  }

  #lose(): void {
    const lost = this.#leased
    if (lost === undefined) return
    this.#former = lost
    this.#leased = undefined
    lost.session.destroy()
  }

  async #release(): Promise<void> {
    const leased = this.#leased
    this.#leased = undefined
    this.#former = undefined
    if (leased !== undefined) await giveBack(leased)
  }

  #conflict(reason: string) {
    return stateError('STATE_CONFLICT', {
      message: `The state of pipeline '${this.#pipeline}' in ${this.describe()} is no longer this process's: ${reason}.`,
      where: { pipeline: this.#pipeline, table: this.#table.name },
    })
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }
}

const isLoss = (error: unknown) => CdcError.is(error) && error.kind === 'connection'
