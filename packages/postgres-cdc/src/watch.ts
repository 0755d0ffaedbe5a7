import { randomBytes } from 'node:crypto'
import type { Batch, Position, Source, SourceContext } from '@cdc/core'
import { dropOrphanSlots, dropSlot, readSlot, Session } from '@cdc/pg-replication'
import type { Environment } from './environment.ts'
import { PostgresSource } from './source.ts'
import { TableRules } from './table-rules.ts'
import { TEMPORARY_SLOT_PREFIX } from './temporary-slot.ts'

const prefix = `${TEMPORARY_SLOT_PREFIX}watch_`

/**
 * Follows from now on through a slot of its own, which `close` drops. The slot cannot be a temporary one of the server,
 * since those belong to the connection that made them; one that a killed process left is dropped by the next `open`.
 * The publication must be there: it is never made or changed.
 */
export class WatchSource implements Source {
  readonly #environment: Environment
  readonly #source: PostgresSource

  constructor(environment: Environment, context: SourceContext) {
    this.#environment = watching(environment)
    this.#source = new PostgresSource(this.#environment, context)
  }

  async open(): Promise<void> {
    await this.#withSession((session) => dropOrphanSlots(session, prefix))
    await this.#source.open()
  }

  read(after: Position | undefined, signal: AbortSignal): AsyncIterable<Batch> {
    return this.#source.read(after, signal)
  }

  acknowledge(position: Position): Promise<void> {
    return this.#source.acknowledge(position)
  }

  async close(): Promise<void> {
    await this.#source.close()
    const { slot } = this.#environment
    await this.#withSession(async (session) => {
      // the server may need a moment to notice that the stream is closed
      if ((await readSlot(session, slot)) !== undefined) await dropSlot(session, slot, { force: true })
    })
  }

  async #withSession(work: (session: Session) => Promise<unknown>): Promise<void> {
    const session = await Session.open(this.#environment.connection)
    try {
      await work(session)
    } finally {
      await session.close()
    }
  }
}

function watching(environment: Environment): Environment {
  const given = { ...environment.values['debezium.*'] }
  for (const key of ['snapshot.mode', 'publication.autocreate.mode']) delete given[key]
  const values = { ...environment.values, 'scan.startup.mode': 'latest-offset' as const, 'debezium.*': given }
  return {
    ...environment,
    slot: `${prefix}${randomBytes(4).toString('hex')}`,
    failover: false,
    publication: { name: environment.publication.name, mode: 'disabled' },
    values,
    rules: new TableRules(values),
  }
}
