import { type PostgresConnection, type PostgresVersion, sharedPostgres, waitFor } from '@cdc/servers'
import { expect } from 'vitest'
import { type CdcOptions, CdcProcess, cdc } from './cdc-process.ts'
import { pipelineFile } from './pipeline-file.ts'

type Options = Readonly<Record<string, string | number | undefined>>

/** A source and a target database with a pipeline between them. What a test leaves at the server is taken away. */
export class LivePipeline implements AsyncDisposable {
  readonly server: PostgresConnection
  readonly source: string
  readonly target: string

  private constructor(server: PostgresConnection, source: string, target: string) {
    this.server = server
    this.source = source
    this.target = target
  }

  static async of(version: PostgresVersion, sql: string): Promise<LivePipeline> {
    const server = await sharedPostgres(version)
    const live = new LivePipeline(server, await server.createDatabase('src'), await server.createDatabase('tgt'))
    await live.at(sql)
    return live
  }

  /** The name of the pipeline and, but for its beginning, of the slot. */
  get name(): string {
    return this.source
  }

  get slot(): string {
    return `cdc_${this.name}`
  }

  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  at(sql: string): Promise<any[]> {
    return this.server.query(sql, this.source)
  }

  // biome-ignore lint/suspicious/noExplicitAny: rows of any statement
  there(sql: string): Promise<any[]> {
    return this.server.query(sql, this.target)
  }

  /** The file of the pipeline; options with undefined are left out. */
  file({ source = {}, sink = {}, more = '' }: { source?: Options; sink?: Options; more?: string } = {}): string {
    const { host, port, user } = this.server
    const from: Options = {
      connector: 'postgres-cdc',
      hostname: host,
      port,
      username: user,
      password: '${env:SECRET}',
      'database-name': this.source,
      'schema-name': 'public',
      'table-name': '.*',
      ...source,
    }
    const url = `jdbc:postgresql://${host}:${port}/${this.target}`
    const to: Options = { connector: 'jdbc', url, username: user, password: '${env:SECRET}', ...sink }
    return pipelineFile(`name: ${this.name}\nsource:\n${lines(from)}sink:\n${lines(to)}${more}`)
  }

  env(more: Readonly<Record<string, string>> = {}): CdcOptions {
    return { env: { SECRET: this.server.password, ...more } }
  }

  start(file: string, env: Readonly<Record<string, string>> = {}): CdcProcess {
    return new CdcProcess(['run', file], this.env(env))
  }

  command(args: readonly string[]) {
    return cdc(args, this.env())
  }

  /** Waits until each table at the target is the one at the source. */
  async same(...tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      const sql = `SELECT count(*)::int AS rows, coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS hash FROM public.${table} t`
      await waitFor(async () => expect(await this.there(sql)).toEqual(await this.at(sql)) === undefined || true, {
        timeout: 45_000,
        describe: `${table} to be the same at the target`,
        interval: 100,
      })
    }
  }

  /** What a refused run must not have left: slot and publication at the source, tables at the target. */
  async expectUntouched(): Promise<void> {
    expect(await this.at(`SELECT slot_name FROM pg_replication_slots WHERE database = '${this.source}'`)).toEqual([])
    expect(await this.at('SELECT pubname FROM pg_publication')).toEqual([])
    expect(await this.there("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")).toEqual([])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '${this.source}' AND active`,
    )
    await waitFor(
      async () => {
        await this.server.query(
          `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${this.source}' AND NOT active`,
        )
        const left = await this.server.query(`SELECT 1 FROM pg_replication_slots WHERE database = '${this.source}'`)
        return left.length === 0
      },
      { describe: 'the slots of the test to be dropped' },
    )
  }
}

function lines(options: Options): string {
  const written = Object.entries(options).filter(([, value]) => value !== undefined)
  return written.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`).join('')
}
