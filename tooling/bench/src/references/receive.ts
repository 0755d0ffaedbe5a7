import type { PostgresServer } from '@cdc/servers'
import type { Measurement } from '../measurement.ts'
import { MeasuredChild, measureProgram } from '../processes.ts'
import { findProgram } from '../programs.ts'
import { type Backlog, copySlot, dropSlot } from '../workload/backlog.ts'

/** What `children/discard.ts` and `children/peer.ts` are to read. */
export interface ReceiveJob {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly slot: string
  readonly publication: string
  readonly changes: number
}

/** How the reference of streams is named, since it depends on what is installed. */
export const receiverName =
  findProgram('pg_recvlogical') === undefined ? 'own reader that discards frames' : 'pg_recvlogical'

/** `pg_recvlogical` to nowhere, or our own reader that discards frames: the ceiling of a stream. */
export async function receiveToNowhere(server: PostgresServer, backlog: Backlog): Promise<Measurement> {
  const program = findProgram('pg_recvlogical')
  const { database, publication, changes, end } = backlog
  const slot = await copySlot(server, backlog)
  try {
    if (program === undefined)
      return await new MeasuredChild<ReceiveJob, Measurement>('discard', job(server, backlog, slot)).result()
    const where = ['-h', server.host, '-p', String(server.port), '-U', server.user, '-d', database]
    const options = ['-o', 'proto_version=1', '-o', `publication_names=${publication}`]
    const args = [...where, '--slot', slot, '--start', '--endpos', end, ...options, '-f', '/dev/null', '--no-loop']
    return await measureProgram(program, args, changes, { PGPASSWORD: server.password, PGSSLMODE: 'disable' })
  } finally {
    await dropSlot(server, database, slot)
  }
}

/** The npm package `pg-logical-replication` with its own parser of pgoutput, counting changes. */
export async function receiveWithPeer(server: PostgresServer, backlog: Backlog): Promise<Measurement> {
  const slot = await copySlot(server, backlog)
  try {
    return await new MeasuredChild<ReceiveJob, Measurement>('peer', job(server, backlog, slot)).result()
  } finally {
    await dropSlot(server, backlog.database, slot)
  }
}

function job({ host, port, user, password }: PostgresServer, backlog: Backlog, slot: string): ReceiveJob {
  const { database, publication, changes } = backlog
  return { host, port, user, password, database, slot, publication, changes }
}
