import { CdcError, type SourceContext, tableName } from '@cdc/core'
import {
  assertPublished,
  assertUsableSlot,
  type CreatedSlot,
  createSlot,
  type Publication,
  readPublication,
  readSlot,
  type Session,
} from '@cdc/pg-replication'
import type { Relation } from './catalog.ts'
import {
  alterationOf,
  assertSameHistory,
  assertSamePublication,
  assertSlotReaches,
  assertStillChosen,
  droppedSince,
  identify,
  knownTables,
  positionBase,
  publicationGone,
  withoutPosition,
} from './continuity.ts'
import { blockedLog, type Environment } from './environment.ts'
import { error } from './errors.ts'
import { oidSetText } from './oid-set.ts'
import { noCommit, type PositionParts } from './position.ts'
import type { Preflight } from './preflight.ts'
import { readyPublication } from './publication.ts'
import { temporarySlotName } from './temporary-slot.ts'

/** Where reading begins, with what it needs. */
export interface Beginning {
  readonly parts: PositionParts
  /** OIDs of the tables that are read; also of those that were dropped and may still have changes in the log. */
  readonly tables: ReadonlySet<number>
  /** Those that are there. */
  readonly relations: readonly Relation[]
  /** undefined where only a snapshot is read and there is none. */
  readonly publication: Publication | undefined
  /** A slot that was just made, whose snapshot is to be read first. */
  readonly created: CreatedSlot | undefined
  /** Where the slot stood when reading goes on after a position. */
  readonly confirmed: bigint | undefined
}

const noTables: ReadonlySet<number> = new Set()
const noCuts: ReadonlyMap<number, bigint> = new Map()

/** The first start: makes publication and slot, in this order, where the start-up mode wants them. */
export async function beginAnew(
  environment: Environment,
  { session, tables }: Preflight,
  context: SourceContext,
  signal: AbortSignal,
): Promise<Beginning> {
  const { rules, slot: name, publication: wanted } = environment
  if (rules.mode === 'snapshot') return beginSnapshot(environment, session, tables, context, signal)
  const slot = await readSlot(session, name)
  if (slot !== undefined) assertUsableSlot(session, slot, name)
  const existed = await readPublication(session, wanted.name)
  if (slot !== undefined && existed === undefined)
    throw error('SLOT_OLDER_THAN_PUBLICATION', {
      message: `Slot ${name} is there, and publication "${wanted.name}" is not.`,
      where: { option: 'slot.name' },
    })
  const { publication, undo } = await readyPublication(session, environment, tables)
  let created: CreatedSlot | undefined
  try {
    if (slot === undefined) created = await makeSlot(environment, context, signal)
    const start = created?.consistentPoint ?? (rules.mode === 'latest-offset' ? undefined : slot!.confirmedFlushLsn)
    const server = await identify(environment.connection)
    if (slot !== undefined && slot.confirmedFlushLsn === undefined) throw withoutPosition(name)
    const base = await positionBase(session, server, publication, tables)
    const read = rules.mode === 'initial' ? tables.filter((table) => rules.inSnapshot(tableName(table))) : []
    // a slot that was there has a past of which nothing is known
    const last = created === undefined ? undefined : noCommit
    const pending = new Set(read.map(({ oid }) => oid))
    const parts = { ...base, lsn: start ?? server.lsn, last, pending, cuts: noCuts }
    return { parts, tables: oidsOf(tables), relations: tables, publication, created, confirmed: undefined }
  } catch (failure) {
    await created?.release()
    if (created === undefined && (slot !== undefined || (await isWithoutSlot(session, name, failure)))) await undo()
    throw failure
  }
}

/** Is it certain that no slot was made? One that is there would be older than the next publication. */
async function isWithoutSlot(session: Session, name: string, failure: unknown): Promise<boolean> {
  // its creation was not answered, and may still be under way
  if (CdcError.is(failure) && failure.kind === 'connection') return false
  try {
    return (await readSlot(session, name)) === undefined
  } catch {
    return false
  }
}

async function makeSlot(
  { connection, slot: name, rules, failover }: Environment,
  context: SourceContext,
  signal: AbortSignal,
): Promise<CreatedSlot> {
  const exportSnapshot = rules.mode === 'initial'
  const created = await createSlot(connection, {
    name,
    exportSnapshot,
    failover,
    onWait: blockedLog(context, name),
    signal,
  })
  context.logger.info({ slot: name }, `Replication slot ${name} was made.`)
  if (!exportSnapshot) await created.release()
  return created
}

const oidsOf = (tables: readonly Relation[]): Set<number> => new Set(tables.map(({ oid }) => oid))

/** A snapshot alone needs no slot that outlives it, and takes from a publication only its filters. */
async function beginSnapshot(
  { connection, publication: wanted, rules, slot }: Environment,
  session: Session,
  tables: readonly Relation[],
  context: SourceContext,
  signal: AbortSignal,
): Promise<Beginning> {
  const publication = await readPublication(session, wanted.name)
  const server = await identify(connection)
  const base = await positionBase(session, server, publication, tables)
  const name = temporarySlotName(slot)
  const created = await createSlot(connection, { name, temporary: true, onWait: blockedLog(context, name), signal })
  const pending = new Set(tables.filter((table) => rules.inSnapshot(tableName(table))).map(({ oid }) => oid))
  return {
    parts: { ...base, lsn: created.consistentPoint, last: noCommit, pending, cuts: noCuts },
    tables: oidsOf(tables),
    relations: tables,
    publication,
    created,
    confirmed: undefined,
  }
}

/** Goes on after a position, when nothing can be missing since. */
export async function resume(
  environment: Environment,
  { session, tables: matching, fault }: Preflight,
  parts: PositionParts,
  context: SourceContext,
): Promise<Beginning> {
  const { connection, slot, publication: wanted, rules } = environment
  const server = await identify(connection, parts.timeline)
  assertSameHistory(parts, server)
  const tables = knownTables(parts, matching, context.shapes, context.logger)
  const dropped = await droppedSince(session, parts)
  assertStillChosen(parts, [...oidsOf(tables), ...dropped], fault, context.logger)
  const publication = await readPublication(session, wanted.name)
  let confirmed: bigint | undefined
  if (rules.mode !== 'snapshot') {
    confirmed = await assertSlotReaches(session, slot, parts)
    if (publication === undefined) throw publicationGone(wanted.name)
    await assertSamePublication(session, parts, publication, tables)
    await assertPublished(session, publication, tables)
  }
  const alteration = publication === undefined ? parts.alteration : alterationOf(publication)
  const here = new Set([...oidsOf(tables), ...dropped])
  const pending = parts.pending.size === 0 ? noTables : new Set([...parts.pending].filter((oid) => here.has(oid)))
  return {
    parts: { ...parts, timeline: server.timeline, tables: oidSetText(here), pending, alteration },
    tables: here,
    relations: tables,
    publication,
    created: undefined,
    confirmed,
  }
}
