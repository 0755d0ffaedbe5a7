import type { Context, PlannedStatement, Position, Resource, SourceAdmin, Table } from '@cdc/core'
import { tableName } from '@cdc/core'
import {
  dropOrphanSlots,
  dropSlot,
  formatLsn,
  listSlots,
  planPublication,
  quoteIdentifier,
  readPublication,
  readSlot,
  Session,
} from '@cdc/pg-replication'
import { readLeaves, readTables, Types } from './catalog.ts'
import { checkSource } from './check.ts'
import { PostgresComparer } from './comparer.ts'
import type { Environment } from './environment.ts'
import { error } from './errors.ts'
import { preflight } from './preflight.ts'
import { publicationComment } from './publication.ts'
import { catalogShape } from './snapshot/prepare.ts'
import { TEMPORARY_SLOT_PREFIX } from './temporary-slot.ts'

/** What the commands for operators ask of this source. Connects for each call. */
export class PostgresAdmin implements SourceAdmin {
  readonly #environment: Environment
  readonly #context: Context

  constructor(environment: Environment, context: Context) {
    this.#environment = environment
    this.#context = context
  }

  async tables(): Promise<readonly Table[]> {
    const { rules, database, publication: wanted } = this.#environment
    const { session, tables } = await preflight(this.#environment, this.#context.logger, false)
    try {
      const publication = await readPublication(session, wanted.name)
      const oids = tables.map(({ oid }) => oid)
      const [found, leaves] = [await readTables(session, oids), await readLeaves(session, oids)]
      const context = { rules, database, publication, types: new Types(session) }
      const shapes: Table[] = []
      for (const oid of oids) {
        const own = leaves.filter((leaf) => leaf.root === oid && leaf.oid !== oid)
        shapes.push((await catalogShape(found.get(oid)!, own, context)).table)
      }
      return shapes
    } finally {
      await session.close()
    }
  }

  async plan(): Promise<readonly PlannedStatement[]> {
    const { slot, publication, rules } = this.#environment
    const { session, tables } = await preflight(this.#environment, this.#context.logger, false)
    try {
      const statements: PlannedStatement[] = []
      if (rules.mode !== 'snapshot')
        for (const sql of await planPublication(session, { ...publication, tables }))
          statements.push({ sql, reason: `there is no publication ${publication.name}, which says what is streamed` })
      const temporary = rules.mode === 'snapshot' ? 'TEMPORARY ' : ''
      if (rules.mode === 'snapshot' || (await readSlot(session, slot)) === undefined)
        statements.push({
          sql: `CREATE_REPLICATION_SLOT ${quoteIdentifier(temporary === '' ? slot : `${TEMPORARY_SLOT_PREFIX}${slot}`)} ${temporary}LOGICAL pgoutput`,
          reason:
            temporary === ''
              ? 'the slot keeps what happens from here on, and exports the snapshot'
              : 'it exports the snapshot, and is gone after it',
        })
      return statements
    } finally {
      await session.close()
    }
  }

  compare(): Promise<PostgresComparer> {
    return PostgresComparer.open(this.#environment)
  }

  check(after?: Position) {
    return checkSource(this.#environment, this.#context, after)
  }

  async resources(): Promise<readonly Resource[]> {
    const { slot: own, database, publication: wanted, connection } = this.#environment
    return withSession(connection, async (session) => {
      const slots = (await listSlots(session)).filter((slot) => slot.database === database)
      const publication = await readPublication(session, wanted.name)
      const found: Resource[] = slots.map((slot) => ({
        type: 'replication slot',
        name: slot.name,
        own: slot.name === own,
        active: slot.active,
        ...(slot.retained === undefined ? {} : { retained: slot.retained }),
        details: texts({
          plugin: slot.plugin,
          pid: slot.activePid,
          'confirmed flush': slot.confirmedFlushLsn === undefined ? undefined : formatLsn(slot.confirmedFlushLsn),
          'wal status': slot.walStatus,
          invalidated: slot.invalidationReason,
          temporary: slot.temporary ? 'yes' : undefined,
        }),
      }))
      if (publication !== undefined) {
        const tables = publication.allTables ? 'all' : publication.tables.map(tableName).slice(0, 20).join(', ')
        found.push({
          type: 'publication',
          name: publication.name,
          own: await isOurs(session, this.#environment),
          active: false,
          details: { tables },
        })
      }
      return found
    })
  }

  async drop(name: string, { force }: { readonly force: boolean }): Promise<void> {
    const { connection, database } = this.#environment
    await withSession(connection, async (session) => {
      const slot = await readSlot(session, name)
      if (slot?.database === database) return dropSlot(session, name, { force })
      if (slot === undefined && (await readPublication(session, name)) !== undefined)
        return void (await session.query(`DROP PUBLICATION ${quoteIdentifier(name)}`))
      const other = slot === undefined ? '' : ` (it belongs to database '${slot.database}')`
      throw error('RESOURCE_UNKNOWN', { message: `Database '${database}' has no replication slot '${name}'${other}.` })
    })
  }

  async reset(): Promise<readonly string[]> {
    const { connection, slot, publication, database } = this.#environment
    return withSession(connection, async (session) => {
      const done: string[] = []
      const found = await readSlot(session, slot)
      if (found !== undefined && found.database === database) {
        await dropSlot(session, slot)
        done.push(`dropped replication slot ${slot}`)
      }
      for (const orphan of await dropOrphanSlots(session, TEMPORARY_SLOT_PREFIX))
        done.push(`dropped temporary slot ${orphan}`)
      if (await isOurs(session, this.#environment)) {
        await session.query(`DROP PUBLICATION ${quoteIdentifier(publication.name)}`)
        done.push(`dropped publication ${publication.name}`)
      }
      return done
    })
  }
}

async function withSession<T>(
  connection: Environment['connection'],
  run: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await Session.open(connection)
  try {
    return await run(session)
  } finally {
    await session.close()
  }
}

/** Was the publication made by a run of this pipeline? */
async function isOurs(session: Session, { publication, slot }: Environment): Promise<boolean> {
  const [row] = await session.query(
    `SELECT pg_catalog.obj_description(oid, 'pg_publication') AS comment FROM pg_catalog.pg_publication WHERE pubname = $1`,
    [publication.name],
  )
  return row?.comment === publicationComment(slot)
}

function texts(details: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(details).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  )
}
