import { type CdcError, type Logger, tableName } from '@cdc/core'
import {
  assertUsableSlot,
  type ConnectionOptions,
  formatLsn,
  identifySystem,
  type Publication,
  readPublication,
  readSlot,
  Session,
  type SystemIdentity,
  timelineHistory,
} from '@cdc/pg-replication'
import { carriersOf } from './carriers.ts'
import type { Relation } from './catalog.ts'
import type { Environment } from './environment.ts'
import { error } from './errors.ts'
import { oidSetText, parseOidSet } from './oid-set.ts'
import type { Alteration, PositionBase, PositionParts } from './position.ts'

/** Who the server is, asked on a replication connection. */
export async function identify(
  connection: ConnectionOptions,
  since?: number,
): Promise<SystemIdentity & { forks: ReadonlyMap<number, bigint> }> {
  const session = await Session.open({ ...connection, replication: true })
  try {
    const identity = await identifySystem(session)
    const history =
      since === undefined || since === identity.timeline ? [] : await timelineHistory(session, identity.timeline)
    return { ...identity, forks: new Map(history.map(({ timeline, switchPoint }) => [timeline, switchPoint])) }
  } finally {
    await session.close()
  }
}

/** Is this the server that the position belongs to, and does its history hold the position? */
export function assertSameHistory(parts: PositionParts, server: Awaited<ReturnType<typeof identify>>): void {
  const position = formatLsn(parts.lsn)
  const where = { position }
  if (server.systemId !== parts.system)
    throw error('SERVER_CHANGED', {
      message: `The position ${position} belongs to the server with system identifier ${parts.system}; this one has ${server.systemId}.`,
      where,
    })
  if (server.timeline !== parts.timeline) {
    const fork = server.forks.get(parts.timeline)
    if (fork === undefined || fork < parts.lsn)
      throw error('TIMELINE_FORKED', {
        message: `The position ${position} lies on timeline ${parts.timeline}; the server is on timeline ${server.timeline}, which ${fork === undefined ? 'does not come from it' : `left it at ${formatLsn(fork)}`}.`,
        where,
      })
  }
  if (parts.lsn > server.lsn)
    throw error('SERVER_BEHIND', {
      message: `The position ${position} is ahead of the server, whose log ends at ${formatLsn(server.lsn)}.`,
      where,
    })
}

/** Can the slot give everything after the position? Gives where it stands. */
export async function assertSlotReaches(session: Session, name: string, parts: PositionParts): Promise<bigint> {
  const slot = assertUsableSlot(session, await readSlot(session, name), name)
  const confirmed = slot.confirmedFlushLsn
  if (confirmed === undefined) throw withoutPosition(name)
  if (confirmed > parts.lsn)
    throw error('SLOT_AHEAD', {
      message: `Slot ${name} stands at ${formatLsn(confirmed)}, past the position ${formatLsn(parts.lsn)}: changes between are gone.`,
      where: { position: formatLsn(parts.lsn) },
    })
  return confirmed
}

/** Is nothing missing after the position? Only looks, and says nothing of tables that were chosen since. */
export async function assertContinuous(
  { slot, publication: wanted, rules }: Environment,
  session: Session,
  parts: PositionParts,
  server: Awaited<ReturnType<typeof identify>>,
  tables: readonly Relation[],
): Promise<void> {
  assertSameHistory(parts, server)
  if (rules.mode === 'snapshot') return
  await assertSlotReaches(session, slot, parts)
  const publication = await readPublication(session, wanted.name)
  if (publication === undefined) throw publicationGone(wanted.name)
  const known = parseOidSet(parts.tables)
  await assertSamePublication(
    session,
    parts,
    publication,
    tables.filter(({ oid }) => known.has(oid)),
  )
}

export function withoutPosition(slot: string): Error {
  return error('SLOT_WITHOUT_POSITION', { message: `Slot ${slot} has no confirmed_flush_lsn.` })
}

export function publicationGone(name: string): CdcError {
  return error('PUBLICATION_CHANGED', {
    message: `Publication "${name}" is gone; the position was saved while it was there.`,
  })
}

export const alterationOf = ({ altered, owner }: Publication): Alteration => ({ altered, owner })

/** What every position of a pipeline that begins now says about the server and the publication. */
export async function positionBase(
  session: Session,
  server: SystemIdentity,
  publication: Publication | undefined,
  tables: readonly Relation[],
): Promise<PositionBase> {
  const carriers = publication === undefined ? [] : await carriersOf(session, publication, tables)
  return {
    system: server.systemId,
    timeline: server.timeline,
    publication: publication?.oid ?? 0,
    alteration: publication && alterationOf(publication),
    entries: oidSetText(carriers.flatMap(({ entry }) => entry ?? [])),
    tables: oidSetText(tables.map(({ oid }) => oid)),
  }
}

/**
 * Was every table in the publication all the time? A table or publication that was taken out and put back has another
 * entry. Tables that are not there any more are nobody's loss.
 */
export async function assertSamePublication(
  session: Session,
  parts: PositionParts,
  publication: Publication,
  tables: readonly Relation[],
): Promise<void> {
  const where = { position: formatLsn(parts.lsn) }
  if (publication.oid !== parts.publication)
    throw error('PUBLICATION_CHANGED', {
      message: `Publication "${publication.name}" was dropped and made again since the position ${where.position} was saved.`,
      where,
    })
  assertUnaltered(parts.alteration, publication, where)
  const known = parseOidSet(parts.entries)
  const newest = Math.max(0, ...known)
  for (const { table, oid, entry, partition } of await carriersOf(session, publication, tables)) {
    // OIDs rise: a partition that was made after the entries were is new, and no rows of it have been left out
    const isNew = partition && oid > newest
    const covered = publication.allTables || (entry !== undefined && (known.has(entry) || isNew))
    if (covered) continue
    throw error('PUBLICATION_CHANGED', {
      message: `Table ${tableName(table)} was taken out of publication "${publication.name}"${entry === undefined ? '' : ' and put back'} since the position ${where.position} was saved.`,
      where: { ...where, table: tableName(table) },
    })
  }
}

/**
 * Were its options set meanwhile? The server does not say which, nor whether they were others for a while. A new owner
 * alone changes nothing of the stream.
 */
function assertUnaltered(saved: Alteration | undefined, now: Publication, where: { position: string }): void {
  if (saved === undefined || saved.altered === now.altered || saved.owner !== now.owner) return
  throw error('PUBLICATION_CHANGED', {
    message: `The options of publication "${now.name}" were set (ALTER PUBLICATION ... SET) since the position ${where.position} was saved.`,
    where,
  })
}

/** Of the tables that match now those that the position knows; says which are left out. */
export function knownTables(
  parts: PositionParts,
  tables: readonly Relation[],
  earlier: ReadonlyMap<string, { readonly id?: number }>,
  logger: Logger,
): Relation[] {
  const known = parseOidSet(parts.tables)
  for (const table of tables) {
    if (known.has(table.oid)) continue
    const name = tableName(table)
    const before = earlier.get(name)?.id
    if (before !== undefined && known.has(before))
      throw error('TABLE_RECREATED', {
        message: `Table ${name} was dropped and made again: it had OID ${before} and has ${table.oid}.`,
        where: { table: name },
      })
    logger.warn(
      { table: name },
      `Table ${name} matches table-name and was not there when this pipeline began: it is left out. To take it in, start over with cdc reset.`,
    )
  }
  return tables.filter(({ oid }) => known.has(oid))
}

/**
 * Tables that were read until now and are there, and that the options leave out now: a slip of the pen where the
 * options choose less than they say (`fault`), else the user's wish, which the log tells once more.
 */
export function assertStillChosen(
  parts: PositionParts,
  accounted: readonly number[],
  fault: CdcError | undefined,
  logger: Logger,
): void {
  const known = new Set(accounted)
  const left = [...parseOidSet(parts.tables)].filter((oid) => !known.has(oid))
  if (left.length === 0) return
  if (fault !== undefined) throw fault
  logger.warn(
    { oids: left },
    `${left.length} of the tables that this pipeline has read so far are left out by its options from here on.`,
  )
}

/** Tables of the position that are not there any more: what was written before they were dropped is still to come. */
export async function droppedSince(session: Session, parts: PositionParts): Promise<number[]> {
  const known = [...parseOidSet(parts.tables)]
  const rows = await session.query('SELECT oid::text AS oid FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])', [
    `{${known.join(',')}}`,
  ])
  const there = new Set(rows.map((row) => Number(row.oid)))
  return known.filter((oid) => !there.has(oid))
}
