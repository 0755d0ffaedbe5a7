import { CdcError } from '@cdc/core'
import {
  assertPublished,
  ensurePublication,
  type Publication,
  quoteIdentifier,
  quoteLiteral,
  quoteQualified,
  readPublication,
  type Session,
} from '@cdc/pg-replication'
import { carriersOf } from './carriers.ts'
import type { Relation } from './catalog.ts'
import type { Environment } from './environment.ts'

/** A publication that has all the tables, and how to take back what was done for it. */
export interface ReadyPublication {
  readonly publication: Publication
  undo(): Promise<void>
}

/** The comment that says whose a publication is: `reset` drops only what a run of the same pipeline has made. */
export const publicationComment = (slot: string) => `made by cdc for slot ${slot}`

/**
 * Uses the publication where there is one, else makes it; leaves nothing changed when it throws. Where the mode
 * `filtered` was asked for in so many words, tables that it lacks are added, as Debezium does.
 */
export async function readyPublication(
  session: Session,
  environment: Environment,
  tables: readonly Relation[],
): Promise<ReadyPublication> {
  const { publication: wanted, slot, values } = environment
  const { publication, created } = await ensurePublication(session, { ...wanted, tables })
  const name = quoteIdentifier(publication.name)
  const undo: string[] = created ? [`DROP PUBLICATION ${name}`] : []
  const takeBack = async () => {
    for (const statement of undo) await session.query(statement).catch(() => undefined)
  }
  try {
    if (created) await session.query(`COMMENT ON PUBLICATION ${name} IS ${quoteLiteral(publicationComment(slot))}`)
    const asked = values['debezium.*']['publication.autocreate.mode'] !== undefined && wanted.mode === 'filtered'
    const lacking = created || !asked ? [] : await lackingTables(session, publication, tables)
    if (lacking.length > 0) {
      await session.query(`ALTER PUBLICATION ${name} ADD TABLE ${lacking.join(', ')}`)
      undo.push(`ALTER PUBLICATION ${name} DROP TABLE ${lacking.join(', ')}`)
    }
    const ready = lacking.length === 0 ? publication : (await readPublication(session, publication.name))!
    await assertPublished(session, ready, tables)
    return { publication: ready, undo: takeBack }
  } catch (failure) {
    await takeBack()
    throw CdcError.from(failure)
  }
}

async function lackingTables(
  session: Session,
  publication: Publication,
  tables: readonly Relation[],
): Promise<string[]> {
  if (publication.allTables) return []
  const lacking = (await carriersOf(session, publication, tables)).filter(({ entry }) => entry === undefined)
  // before 13 only partitions can be added, later the whole table stands for them
  const names = lacking.map(({ table, ...carrier }) => (session.serverVersion >= 130_000 ? table : carrier))
  return [...new Set(names.map(({ schema, name }) => quoteQualified(schema, name)))]
}
