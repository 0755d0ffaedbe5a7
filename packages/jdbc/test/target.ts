import type { Cell, Row, SinkContext, Table } from '@cdc/core'
import { silentLogger } from '@cdc/core'
import { valueParser } from '@cdc/pg-replication'
import type { PostgresConnection } from '@cdc/servers'
import { jdbc } from '../src/index.ts'

/** A database of a test's own, and sinks into it. */
export class TestTarget {
  readonly server: PostgresConnection
  readonly database: string

  private constructor(server: PostgresConnection, database: string) {
    this.server = server
    this.database = database
  }

  static async make(server: PostgresConnection): Promise<TestTarget> {
    return new TestTarget(server, await server.createDatabase('jdbc'))
  }

  /** Options of a sink into it; `port`: of a proxy before it. */
  options(more: Record<string, unknown> = {}, port = this.server.port) {
    return {
      url: `jdbc:postgresql://127.0.0.1:${port}/${this.database}?sslmode=disable`,
      username: this.server.user,
      password: this.server.password,
      ...more,
    }
  }

  sink(more: Record<string, unknown> = {}, port?: number) {
    return jdbc(this.options(more, port) as Parameters<typeof jdbc>[0])
  }

  /** Runs SQL as somebody else; values are what `pg` makes of them. */
  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  run<R = any>(sql: string, parameters?: readonly unknown[]): Promise<R[]> {
    return this.server.query<R>(sql, this.database, parameters)
  }

  /** Ends the sessions of all sinks. */
  async terminate(): Promise<number> {
    const ended = await this.run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cdc'`,
    )
    return ended.length
  }

  /** All rows of a table in canonical cells, in the order of its columns; a missing column is undefined. */
  async rows(table: Table, schema = table.schema): Promise<Row[]> {
    const client = await this.server.client(this.database)
    try {
      const there = await client.query(
        `SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
        [`${quote(schema)}.${quote(table.name)}`],
      )
      const has = new Set(there.rows.map(({ attname }) => attname))
      if (has.size === 0) return []
      const list = table.columns.map(({ name }) => (has.has(name) ? quote(name) : 'NULL'))
      await client.query(`SET extra_float_digits = 3; SET TimeZone = 'UTC'`)
      const found = await client.query({
        text: `SELECT ${list.join(', ')} FROM ${quote(schema)}.${quote(table.name)}`,
        rowMode: 'array',
        types: { getTypeParser: () => (text: unknown) => text },
      })
      const parsers = table.columns.map(({ type }) => valueParser(type))
      return found.rows.map((row: (string | null)[]) =>
        row.map((text, i): Cell => {
          if (!has.has(table.columns[i]!.name)) return undefined
          return text === null ? null : parsers[i]!(text)
        }),
      )
    } finally {
      await client.end()
    }
  }
}

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`

/** What a runtime tells a sink. */
export const context = (sink = 'target'): SinkContext => ({
  pipeline: 'shop',
  sink,
  logger: silentLogger,
  report() {},
  describePosition: (position) => position,
})
