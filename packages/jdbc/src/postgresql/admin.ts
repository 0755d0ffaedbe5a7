import {
  CdcError,
  type Check,
  type PlannedStatement,
  type SinkAdmin,
  type SinkContext,
  type Table,
  tableName,
} from '@cdc/core'
import type { JdbcOptions } from '../options.ts'
import { connectionSettings } from '../settings.ts'
import { targetName } from '../table-name.ts'
import { readTarget } from './catalog.ts'
import { PostgresComparer } from './comparer.ts'
import { Connection } from './connection.ts'
import type { PositionKeeper } from './position-keeper.ts'
import { planTable, prepareTable } from './prepare-table.ts'
import { translate } from './server-error.ts'
import { positionStore } from './sink.ts'
import { TableWriter } from './table-writer.ts'
import { truncate } from './truncate.ts'

/** A plan also says what others have to run where this sink may not. */
const everything = { create: true, evolve: true }

/** What the operator's commands ask of a PostgreSQL target. Changes nothing except in `reset`. */
export class PostgresAdmin implements SinkAdmin {
  readonly #options: JdbcOptions
  readonly #context: SinkContext

  constructor(options: JdbcOptions, context: SinkContext) {
    this.#options = options
    this.#context = context
  }

  async plan(tables: readonly Table[]): Promise<readonly PlannedStatement[]> {
    return this.#connected(async (connection, store) => {
      const statements: PlannedStatement[] = []
      const position = await store.read(connection)
      if (position === undefined) statements.push({ sql: store.createSql, reason: 'It keeps the position.' })
      await connection.query('BEGIN')
      for (const table of tables) {
        const name = this.#name(connection, table)
        const target = await readTarget(connection, name.schema, name.name)
        const ours = Object.entries(store.records).some(([sql, { created }]) => created && sql === target?.sql)
        statements.push(...(await planTable(connection, table, name, target, everything, undefined, ours)))
      }
      return statements
    })
  }

  async check(tables: readonly Table[]): Promise<readonly Check[]> {
    const checks: Check[] = []
    try {
      await this.#connected(async (connection, store) => {
        checks.push({
          name: 'connection to the target',
          status: 'ok',
          message: `PostgreSQL ${Math.floor(connection.serverVersion / 10000)}, ${connection.encrypted ? 'encrypted' : 'not encrypted'}`,
        })
        await attempt(checks, 'position', async () => {
          const position = await store.read(connection)
          return position === undefined
            ? 'none yet: this sink has taken nothing'
            : this.#context.describePosition(position)
        })
        for (const table of tables) await this.#checkTable(connection, table, checks)
      })
    } catch (cause) {
      checks.push(failed('connection to the target', CdcError.from(cause)))
    }
    return checks
  }

  async reset(tables: readonly Table[], { rows }: { readonly rows: boolean }): Promise<readonly string[]> {
    return this.#connected(async (connection, store) => {
      const done: string[] = []
      if (rows) {
        await connection.query('BEGIN')
        const targets = []
        for (const table of tables) {
          const name = this.#name(connection, table)
          const target = await readTarget(connection, name.schema, name.name)
          if (target !== undefined) targets.push(target)
        }
        if (targets.length > 0) await truncate(connection, targets)
        for (const { schema, name } of targets) done.push(`Emptied ${schema}.${name}`)
      }
      if (await store.forget(connection, rows)) done.push('Forgot the position')
      if (rows) await connection.query('COMMIT')
      return done
    })
  }

  compare(): Promise<PostgresComparer> {
    return PostgresComparer.open(this.#options, this.#context)
  }

  /** All that a run would do, rolled back. */
  async #checkTable(connection: Connection, table: Table, checks: Check[]): Promise<void> {
    await attempt(checks, `table ${tableName(table)}`, async () => {
      const name = this.#name(connection, table)
      await connection.query('BEGIN')
      try {
        const { target, created } = await prepareTable(connection, table, name, this.#policy, undefined)
        void new TableWriter(table, target)
        return created ? `${name.schema}.${name.name} will be created` : `${name.schema}.${name.name} takes its rows`
      } finally {
        await connection.query('ROLLBACK')
      }
    })
  }

  get #policy() {
    return {
      create: this.#options['sink.create-tables'] === 'auto',
      evolve: this.#options['sink.schema-evolution'] === 'add-columns',
    }
  }

  #name(connection: Connection, table: Table) {
    const { schema, name } = targetName(this.#options['table-name'], table)
    return { schema: schema ?? connection.currentSchema ?? 'public', name }
  }

  async #connected<T>(work: (connection: Connection, store: PositionKeeper) => Promise<T>): Promise<T> {
    const connection = await Connection.open(connectionSettings(this.#options))
    try {
      return await work(connection, positionStore(this.#options, this.#context, connection))
    } catch (cause) {
      throw translate(cause, 'looking at the target', { sink: this.#context.sink })
    } finally {
      await connection.close()
    }
  }
}

async function attempt(checks: Check[], name: string, work: () => Promise<string>): Promise<void> {
  try {
    checks.push({ name, status: 'ok', message: await work() })
  } catch (cause) {
    checks.push(failed(name, translate(cause, `checking ${name}`)))
  }
}

function failed(name: string, { message, code, hint }: CdcError): Check {
  return { name, status: 'failed', message, code, ...(hint === undefined ? {} : { hint }) }
}
