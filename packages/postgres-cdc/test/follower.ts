import {
  type Batch,
  type Change,
  type Logger,
  type Position,
  type Report,
  type Row,
  type Source,
  type Table,
  tableName,
} from '@cdc/core'
import { type PostgresConnection, waitFor } from '@cdc/servers'
import { postgresCdc } from '../src/index.ts'

export interface FollowOptions {
  readonly options?: Record<string, string | number | boolean>
  readonly after?: Position | undefined
  readonly overlap?: boolean
  readonly shapes?: ReadonlyMap<string, Table>
  readonly wants?: { message: boolean; transaction: boolean }
  readonly limits?: { rows: number; bytes: number }
  /** Is what arrives acknowledged at once? Default true. */
  readonly acknowledge?: boolean
  readonly onBatch?: (batch: Batch) => void | Promise<void>
}

/** The options of a source that reads `database`; the slot is named after it. */
export function sourceOptions(server: PostgresConnection, database: string, more: FollowOptions['options'] = {}) {
  return {
    hostname: server.host,
    port: server.port,
    username: server.user,
    password: server.password,
    'database-name': database,
    'schema-name': 'public',
    'table-name': '.*',
    'slot.name': database.toLowerCase(),
    ...more,
  }
}

/** Reads a source with a plain loop and keeps the tables that come out of it: what any sink would hold. */
export class Follower {
  readonly changes: Change[] = []
  readonly batches: Batch[] = []
  readonly reports: Report[] = []
  readonly logs: { level: string; message: string }[] = []
  readonly tables = new Map<string, Map<string, Record<string, unknown>>>()
  readonly shapes = new Map<string, Table>()
  position: Position | undefined
  /** Set when the loop has ended; with what it threw. */
  ended: { failure?: unknown } | undefined
  readonly source: Source
  readonly #abort = new AbortController()
  readonly #done: Promise<void>
  #serial = 0

  constructor(
    server: PostgresConnection,
    database: string,
    setup: FollowOptions & { previous?: Follower | undefined } = {},
  ) {
    const { previous } = setup
    if (previous !== undefined) {
      for (const [name, rows] of previous.tables) this.tables.set(name, new Map(rows))
      this.position = previous.position
    }
    const shapes = new Map(setup.shapes ?? previous?.shapes ?? [])
    for (const [name, table] of shapes) this.shapes.set(name, table)
    const log = (level: string) => (_: object, message: string) => void this.logs.push({ level, message })
    const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    this.source = postgresCdc(sourceOptions(server, database, setup.options) as never).create({
      pipeline: database,
      logger,
      report: (report) => void this.reports.push(report),
      wants: setup.wants ?? { message: false, transaction: false },
      limits: setup.limits ?? { rows: 1000, bytes: 1 << 20 },
      shapes,
    })
    this.#done = this.#run(setup.after ?? previous?.position, setup)
  }

  /** The error that ended the loop. */
  async failure(): Promise<unknown> {
    await this.#done
    return this.ended?.failure
  }

  async #run(after: Position | undefined, { overlap, acknowledge = true, onBatch }: FollowOptions): Promise<void> {
    try {
      await this.source.open()
      for await (const batch of this.source.read(after, this.#abort.signal, { overlap: overlap ?? false })) {
        this.batches.push(batch)
        await onBatch?.(batch)
        for (const change of batch.changes) this.#apply(change)
        if (batch.position === undefined) continue
        this.position = batch.position
        if (acknowledge) await this.source.acknowledge(batch.position)
      }
      this.ended = {}
    } catch (failure) {
      this.ended = { failure }
    } finally {
      await this.source.close()
    }
  }

  #apply(change: Change): void {
    this.changes.push(change)
    if (!('table' in change)) return
    const name = tableName(change.table)
    if (change.kind === 'schema') this.shapes.set(name, change.table)
    const rows = this.tables.get(name) ?? new Map<string, Record<string, unknown>>()
    this.tables.set(name, rows)
    if (change.kind === 'truncate') rows.clear()
    else if (change.kind === 'insert')
      rows.set(this.#key(change.table, change.after), named(change.table, change.after))
    else if (change.kind === 'delete') rows.delete(this.#key(change.table, change.before))
    else if (change.kind === 'update') {
      const old = this.#key(change.table, change.before ?? change.after)
      const before = rows.get(old)
      rows.delete(old)
      rows.set(this.#key(change.table, change.after), { ...before, ...named(change.table, change.after) })
    }
  }

  #key(table: Table, row: Row): string {
    if (table.key.length === 0) return `#${this.#serial++}`
    return JSON.stringify(table.key.map((place) => String(row[place])))
  }

  rows(table: string): Record<string, unknown>[] {
    return [...(this.tables.get(table)?.values() ?? [])]
  }

  /** The changes of rows, as short texts. */
  texts(kind?: Change['kind']): string[] {
    return this.changes.filter((change) => kind === undefined || change.kind === kind).map(changeText)
  }

  /** Waits for the condition; an error that ended the loop is thrown. */
  async until(condition: () => boolean | Promise<boolean>, describe = 'the changes'): Promise<void> {
    await waitFor(
      async () => {
        if (this.ended?.failure !== undefined) return true
        return await condition()
      },
      { timeout: 30_000, describe },
    )
    if (this.ended?.failure !== undefined) throw this.ended.failure
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#done
    if (this.ended?.failure !== undefined) throw this.ended.failure
  }
}

function named(table: Table, row: Row): Record<string, unknown> {
  const cells: Record<string, unknown> = Object.create(null)
  for (const [i, cell] of row.entries()) if (cell !== undefined) cells[table.columns[i]!.name] = plain(cell)
  return cells
}

const plain = (cell: unknown) => (cell === null ? null : String(cell))

export function changeText(change: Change): string {
  const cells = (row: Row | undefined) =>
    row === undefined ? '-' : `[${row.map((cell) => (cell === undefined ? '?' : String(plain(cell)))).join(',')}]`
  if (change.kind === 'insert') return `+${change.table.name}${cells(change.after)}`
  if (change.kind === 'delete') return `-${change.table.name}${cells(change.before)}`
  if (change.kind === 'update') return `~${change.table.name}${cells(change.before)}>${cells(change.after)}`
  if (change.kind === 'truncate') return `!${change.table.name}`
  if (change.kind === 'schema')
    return `#${change.table.name}(${change.table.columns.map((column) => column.name).join(',')})`
  return change.kind === 'message' ? `m${change.prefix}:${Buffer.from(change.content)}` : change.kind
}

/** The rows of a table as the server has them, every value as text. */
export async function serverRows(
  server: PostgresConnection,
  database: string,
  table: string,
): Promise<Record<string, unknown>[]> {
  const rows = await server.query(`SELECT row_to_json(whole_row)::text AS row FROM ${table} AS whole_row`, database)
  return rows.map(({ row }) => {
    const cells = JSON.parse(row) as Record<string, unknown>
    return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, plain(cell)]))
  })
}

const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
export const sorted = (rows: readonly Record<string, unknown>[]) => rows.map((row) => ({ ...row })).sort(byText)
