import type { PostgresServer } from '@cdc/servers'
import type { Measurement } from '../measurement.ts'
import { MeasuredChild, measureProgram } from '../processes.ts'
import { findProgram } from '../programs.ts'

/** What `children/discard-copy.ts` is to read. */
export interface CopyJob {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly tables: readonly string[]
  readonly rows: number
}

/** How the reference of snapshots is named, since it depends on what is installed. */
export const copyName = findProgram('psql') === undefined ? 'COPY TO, own reader' : 'COPY TO (psql) to nowhere'

const copyOut = (table: string) => `COPY public.${table} TO STDOUT`

/** `COPY TO` to nowhere, table after table on one connection: the ceiling of a snapshot. */
export async function copyToNowhere(
  server: PostgresServer,
  database: string,
  rows: number,
  tables: readonly string[] = ['items'],
): Promise<Measurement> {
  const program = findProgram('psql')
  if (program !== undefined) {
    const commands = tables.flatMap((table) => ['-c', copyOut(table)])
    const args = ['-X', '-q', ...connectTo(server, database), ...commands]
    return measureProgram(program, args, rows, secrets(server))
  }
  const { host, port, user, password } = server
  const job: CopyJob = { host, port, user, password, database, tables, rows }
  return new MeasuredChild<CopyJob, Measurement>('discard-copy', job).result()
}

/** `COPY TO` piped into `COPY FROM`: what two programs of PostgreSQL do. undefined where psql is not installed. */
export async function copyIntoCopy(
  source: PostgresServer,
  from: string,
  target: PostgresServer,
  into: string,
  rows: number,
): Promise<Measurement | undefined> {
  const program = findProgram('psql')
  if (program === undefined || process.platform === 'win32') return undefined
  const script = '"$0" -X -q $1 -c "COPY public.items TO STDOUT" | "$0" -X -q $2 -c "COPY public.items FROM STDIN"'
  const args = ['-c', script, program, connectTo(source, from).join(' '), connectTo(target, into).join(' ')]
  return measureProgram('sh', args, rows, secrets(source))
}

function connectTo({ host, port, user }: PostgresServer, database: string): string[] {
  return ['-h', host, '-p', String(port), '-U', user, '-d', database]
}

const secrets = ({ password }: PostgresServer) => ({ PGPASSWORD: password, PGSSLMODE: 'disable' })
