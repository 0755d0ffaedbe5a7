import { CdcError } from '@cdc/core'
import type { ConnectionOptions } from './connection/options.ts'
import { Session } from './connection/session.ts'
import { pgError } from './errors.ts'
import { ServerError, serverError, sqlStateOf } from './postgres-error.ts'
import { assertUsableSlot, readSlot, slotHolder } from './slot.ts'

/**
 * What a refusal to use a slot means. Some SQLSTATEs stand for several things (55000: lost, another database, wal_level
 * not logical), so the server's catalog is asked, on an ordinary connection; the texts are never looked at.
 */
export async function slotFailure(options: ConnectionOptions, slot: string, error: unknown): Promise<CdcError> {
  const failure = CdcError.from(error)
  const state = sqlStateOf(failure)
  if (state === undefined || !asked.has(state) || !(failure.cause instanceof ServerError)) return failure
  const told = await ask(options, slot, state).catch(() => undefined)
  return told ?? untold(state, slot, failure.cause) ?? failure
}

const asked = new Set(['42704', '55000', '55006', '58P01', '53400', '0A000'])

async function ask(options: ConnectionOptions, slot: string, state: string): Promise<CdcError | undefined> {
  const session = await Session.open({ ...options, connectTimeout: 5000 })
  try {
    if (state === '55006') return await slotHolder(session, slot)
    const [row] = await session.query("SELECT pg_catalog.current_setting('wal_level') AS level")
    if (row?.level !== 'logical') {
      return pgError('WAL_LEVEL_NOT_LOGICAL', {
        message: `wal_level of the server is '${row?.level}', and must be 'logical'.`,
      })
    }
    assertUsableSlot(session, await readSlot(session, slot), slot)
    return undefined
  } catch (error) {
    if (CdcError.is(error) && told.has(error.code)) return error
    throw error
  } finally {
    await session.close()
  }
}

const told = new Set(['SLOT_MISSING', 'SLOT_WRONG_PLUGIN', 'SLOT_WRONG_DATABASE', 'SLOT_LOST', 'SLOT_SYNCED'])

/** Where the catalog could not be asked, or shows nothing wrong. */
function untold(state: string, slot: string, cause: ServerError): CdcError | undefined {
  const doing = `the use of replication slot "${slot}"`
  if (state === '42704') return serverError('SLOT_MISSING', cause, doing)
  if (state === '55000') return serverError('SLOT_LOST', cause, doing)
  if (state === '55006') return serverError('SLOT_BUSY', cause, doing)
  return undefined
}
