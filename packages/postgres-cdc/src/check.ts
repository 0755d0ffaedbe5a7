import { CdcError, type Check, type Context, type Position, tableName } from '@cdc/core'
import {
  assertPublished,
  assertReplicable,
  assertUsableSlot,
  formatLsn,
  planPublication,
  readPublication,
  readSlot,
  type ServerState,
  Session,
  serverState,
  slotHolder,
} from '@cdc/pg-replication'
import { type Relation, readLeaves, readTables } from './catalog.ts'
import { assertContinuous, identify } from './continuity.ts'
import type { Environment } from './environment.ts'
import { appendOnlyWarning, judgeTables } from './judge.ts'
import { parsePosition } from './position.ts'
import { assertReadable, list, selectTables } from './selection.ts'

type Finding = string | { readonly warning: string; readonly hint?: string }

/** Runs every check that can be run; one that fails does not keep the others from theirs. */
export async function checkSource(environment: Environment, _context: Context, after?: Position): Promise<Check[]> {
  const checks: Check[] = []
  const check = async <T>(name: string, look: () => Promise<T>, say: (found: T) => Finding): Promise<T | undefined> => {
    try {
      const found = await look()
      checks.push(checkOf(name, say(found)))
      return found
    } catch (failure) {
      const { code, message, hint } = CdcError.from(failure)
      checks.push({ name, status: 'failed', message, code, ...(hint === undefined ? {} : { hint }) })
      return undefined
    }
  }
  const { connection } = environment
  const session = await check(
    'connection',
    () => Session.open(connection),
    (opened) => `connected to ${connection.host}:${connection.port}${opened.encrypted ? ' over TLS' : ' without TLS'}`,
  )
  if (session === undefined) return checks
  try {
    const server = await check('server', () => serverState(session), versionOf)
    if (server !== undefined) await checkServer(environment, session, server, check, after !== undefined)
    const chosen = await check(
      'tables',
      () => choose(session, environment),
      (tables) => `${tables.length} chosen: ${list(tables.map(tableName))}`,
    )
    if (chosen !== undefined) await checkTables(environment, session, chosen, check)
    if (chosen !== undefined && after !== undefined) await checkContinuity(environment, session, chosen, after, check)
    return checks
  } finally {
    await session.close()
  }
}

function checkOf(name: string, finding: Finding): Check {
  if (typeof finding === 'string') return { name, status: 'ok', message: finding }
  const { warning, hint } = finding
  return { name, status: 'warning', message: warning, ...(hint === undefined ? {} : { hint }) }
}

type Run = <T>(name: string, look: () => Promise<T>, say: (found: T) => Finding) => Promise<T | undefined>

const versionOf = ({ version, inRecovery }: ServerState): Finding =>
  `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}${inRecovery ? ', a standby' : ''}`

async function choose(session: Session, environment: Environment): Promise<readonly Relation[]> {
  const { tables, fault } = await selectTables(session, environment.values)
  if (fault !== undefined) throw fault
  return tables
}

async function checkServer(
  { slot: name }: Environment,
  session: Session,
  server: ServerState,
  check: Run,
  resumes: boolean,
): Promise<void> {
  await check(
    'replication',
    async () => assertReplicable(session, server),
    () => 'wal_level is logical and the role may replicate',
  )
  const slot = await check(
    'slot',
    async () => {
      const found = await readSlot(session, name)
      if (found === undefined) return undefined
      assertUsableSlot(session, found, name)
      return { ...found, holder: await slotHolder(session, name) }
    },
    (found) => {
      if (found === undefined)
        return resumes ? { warning: `${name} is not there` } : `${name} is not there; a run makes it`
      const { holder } = found
      return holder === undefined
        ? `${name} is there and free`
        : { warning: holder.message, ...(holder.hint === undefined ? {} : { hint: holder.hint }) }
    },
  )
  const free = server.maxReplicationSlots - server.usedReplicationSlots
  const wanted = slot === undefined ? 1 : 0
  const look = async () => server
  await check('free slots', look, () =>
    free >= wanted
      ? `${free} of ${server.maxReplicationSlots}`
      : {
          warning: `all ${server.maxReplicationSlots} replication slots are taken`,
          hint: 'Drop one that nobody needs, or raise max_replication_slots and restart the server.',
        },
  )
  const senders = server.maxWalSenders - server.usedWalSenders
  await check('free senders', look, () =>
    senders > 0
      ? `${senders} of ${server.maxWalSenders}`
      : {
          warning: `all ${server.maxWalSenders} walsenders are taken`,
          hint: 'Raise max_wal_senders and restart the server.',
        },
  )
  for (const finding of warnings(server)) await check('settings', look, () => finding)
}

/** Settings that let a run work today and hurt later. */
function* warnings(server: ServerState): Generator<Finding> {
  const { maxSlotWalKeepSize, idleReplicationSlotTimeout, synchronousStandbyNames, walSenderTimeout } = server
  if (maxSlotWalKeepSize !== undefined)
    yield {
      warning: `max_slot_wal_keep_size is ${maxSlotWalKeepSize / 1_048_576n} MB: a pipeline that is further behind loses its slot and has to start over.`,
      hint: 'Make it larger than what is written during the longest stop that you plan for.',
    }
  if (idleReplicationSlotTimeout !== undefined)
    yield {
      warning: `idle_replication_slot_timeout is ${idleReplicationSlotTimeout} s: a pipeline that is stopped for longer loses its slot.`,
      hint: 'ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_reload_conf();',
    }
  if (/\*|\bcdc\b/.test(synchronousStandbyNames))
    yield {
      warning: `synchronous_standby_names is '${synchronousStandbyNames}', which may mean this pipeline: commits at the source would wait for it.`,
      hint: 'Name the standbys that are meant.',
    }
  if (walSenderTimeout !== 0 && walSenderTimeout < 5_000)
    yield {
      warning: `wal_sender_timeout is ${walSenderTimeout} ms: a short pause of this process ends the connection.`,
      hint: 'ALTER SYSTEM SET wal_sender_timeout = 60000; SELECT pg_reload_conf();',
    }
}

/** What a run proves before it goes on. One that is under way has, and moves on while we look. */
async function checkContinuity(
  environment: Environment,
  session: Session,
  tables: readonly Relation[],
  after: Position,
  check: Run,
): Promise<void> {
  const { connection, slot, rules } = environment
  await check(
    'continuity',
    async () => {
      const streams = rules.mode !== 'snapshot'
      if (streams && (await readSlot(session, slot))?.active === true) return undefined
      const parts = parsePosition(after)
      await assertContinuous(environment, session, parts, await identify(connection, parts.timeline), tables)
      return formatLsn(parts.lsn)
    },
    (position) => (position === undefined ? 'somebody reads the slot' : `a run goes on from ${position} without a gap`),
  )
}

async function checkTables(
  environment: Environment,
  session: Session,
  tables: readonly Relation[],
  check: Run,
): Promise<void> {
  const { connection, values, rules, publication: wanted } = environment
  const oids = tables.map(({ oid }) => oid)
  const found = [...(await readTables(session, oids)).values()]
  await check(
    'right to read',
    async () => assertReadable(found, connection.user),
    () => 'the role may read every table',
  )
  await check(
    'publication',
    async () => {
      const publication = await readPublication(session, wanted.name)
      if (publication !== undefined) await assertPublished(session, publication, tables)
      return publication ?? (await planPublication(session, { ...wanted, tables })).join(' ')
    },
    (publication) => {
      if (typeof publication !== 'string') return `${wanted.name} has every table`
      return publication === ''
        ? { warning: `${wanted.name} is not there, and publication.autocreate.mode is disabled` }
        : `${wanted.name} is not there; a run makes it: ${publication}`
    },
  )
  const leaves = await readLeaves(session, oids)
  for (const table of found) {
    const own = leaves.filter((leaf) => leaf.root === table.oid && leaf.oid !== table.oid)
    await check(
      `identity of ${tableName(table)}`,
      async () => judgeTables([{ table, leaves: own }], rules, values['changelog-mode']),
      () => {
        const key = table.primaryKey.length > 0 ? `primary key (${table.primaryKey.join(', ')})` : 'no primary key'
        const message = `replica identity ${table.identity}, ${key}`
        return appendOnlyWarning(table) ?? message
      },
    )
  }
}
