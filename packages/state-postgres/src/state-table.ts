import { createHash } from 'node:crypto'
import { CdcError } from '@cdc/core'
import { quoteIdentifier, quoteQualified, type Session, sqlStateOf } from '@cdc/pg-replication'
import { stateError } from './errors.ts'

/** The version of the rows that this program writes. */
const FORMAT = 1

/** What is saved of an entry. */
export interface Saved {
  readonly generation: bigint
  readonly checksum: string
  readonly text: string
}

type SavedRow = { readonly [column in 'version' | 'generation' | 'content' | 'checksum']: string }

/** The table and its statements. Every statement names the table with its schema. */
export class StateTable {
  /** `schema.table`, for people. */
  readonly name: string
  readonly #schema: string
  readonly #table: string
  readonly #quoted: string

  constructor(written: string) {
    const [first, second] = parts(written)
    const [schema, table] = second === undefined ? ['public', first] : [first, second]
    this.#schema = schema
    this.#table = table
    this.#quoted = quoteQualified(schema, table)
    this.name = `${schema}.${table}`
  }

  /** Makes the table when it is not there. Throws STATE_TABLE_MISSING with the statements when it may not. */
  async ensure(session: Session): Promise<void> {
    if (!(await this.#exists(session))) {
      try {
        await session.query(this.#createStatement(), [], { doing: `creating the table ${this.name}` })
      } catch (error) {
        // 42P07 and 23505: another process was making it at the same time
        const state = sqlStateOf(error)
        if (state === '42501' || state === '3F000') throw this.#missing(error, state, session.options.user)
        if (state !== '42P07' && state !== '23505') throw error
      }
    }
    await this.#requireColumns(session)
  }

  /** undefined when it was never saved. Throws STATE_NEWER and STATE_CORRUPT. */
  async read(session: Session, pipeline: string, entry: string): Promise<Saved | undefined> {
    const sql = `SELECT version, generation, content, checksum FROM ${this.#quoted} WHERE pipeline = $1 AND entry = $2`
    const [row] = await session.query<SavedRow>(sql, [pipeline, entry], { doing: `loading state from ${this.name}` })
    if (row === undefined) return undefined
    const where = { pipeline, table: this.name }
    if (Number(row.version) > FORMAT)
      throw stateError('STATE_NEWER', {
        message: `The state '${entry}' of pipeline '${pipeline}' has format version ${row.version}, and this program reads up to version ${FORMAT} (table ${this.name}).`,
        where,
      })
    const saved = { generation: BigInt(row.generation), checksum: row.checksum, text: row.content }
    if (checksum(pipeline, entry, saved.generation, saved.text) === saved.checksum) return saved
    throw stateError('STATE_CORRUPT', {
      message: `The state '${entry}' of pipeline '${pipeline}' in table ${this.name} does not match its checksum: it was changed by hand or damaged.`,
      where,
    })
  }

  /**
   * Compares and sets in one statement: writes `next` when the generation is still the one before it. Gives false,
   * and has written nothing, when it is not.
   */
  async write(session: Session, pipeline: string, entry: string, next: Saved): Promise<boolean> {
    const values = [pipeline, entry, String(FORMAT), String(next.generation), next.text, next.checksum]
    const sql =
      next.generation === 1n
        ? `INSERT INTO ${this.#quoted} (pipeline, entry, version, generation, content, checksum, saved)
           VALUES ($1, $2, $3::integer, $4::bigint, $5, $6, now()) ON CONFLICT DO NOTHING RETURNING generation`
        : `UPDATE ${this.#quoted} SET version = $3::integer, generation = $4::bigint, content = $5, checksum = $6, saved = now()
           WHERE pipeline = $1 AND entry = $2 AND generation = $4::bigint - 1 RETURNING generation`
    const written = await session.query(sql, values, { doing: `saving state to ${this.name}` })
    return written.length === 1
  }

  async clear(session: Session, pipeline: string): Promise<void> {
    const sql = `DELETE FROM ${this.#quoted} WHERE pipeline = $1`
    await session.query(sql, [pipeline], { doing: `clearing state in ${this.name}` })
  }

  async #exists(session: Session): Promise<boolean> {
    const sql = `SELECT 1 AS found FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`
    const rows = await session.query(sql, [this.#schema, this.#table], { doing: `looking for the table ${this.name}` })
    return rows.length > 0
  }

  /** That other tables of this name are not written to. */
  async #requireColumns(session: Session): Promise<void> {
    const sql = `SELECT a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`
    const doing = `looking at the table ${this.name}`
    const found = await session.query<{ name: string }>(sql, [this.#schema, this.#table], { doing })
    const names = new Set(found.map(({ name }) => name))
    const missing = columns.filter(([name]) => !names.has(name)).map(([name]) => name)
    if (missing.length === 0) return
    throw stateError('STATE_TABLE_FOREIGN', {
      message: `The table ${this.name} is no state table: it has no column ${missing.join(', ')}.`,
      where: { table: this.name },
    })
  }

  #createStatement(): string {
    const list = columns.map(([name, type]) => `${name} ${type} NOT NULL`).join(', ')
    return `CREATE TABLE IF NOT EXISTS ${this.#quoted} (${list}, PRIMARY KEY (pipeline, entry))`
  }

  #missing(cause: unknown, state: string, user: string): CdcError {
    const schema = state === '3F000' ? `CREATE SCHEMA ${quoteIdentifier(this.#schema)}; ` : ''
    const grant = `GRANT SELECT, INSERT, UPDATE, DELETE ON ${this.#quoted} TO ${quoteIdentifier(user)};`
    return stateError('STATE_TABLE_MISSING', {
      message: `The state table ${this.name} is not there, and role '${user}' could not create it (SQLSTATE ${state}).`,
      hint: `Let an administrator run: ${schema}${this.#createStatement()}; ${grant}`,
      where: { table: this.name },
      cause: CdcError.is(cause) ? cause.cause : cause,
    })
  }
}

const columns = [
  ['pipeline', 'text'],
  ['entry', 'text'],
  ['version', 'integer'],
  ['generation', 'bigint'],
  ['content', 'text'],
  ['checksum', 'text'],
  ['saved', 'timestamp with time zone'],
] as const

/** Over everything that makes the row what it is. */
export function checksum(pipeline: string, entry: string, generation: bigint, text: string): string {
  const header = JSON.stringify([FORMAT, pipeline, entry, String(generation)])
  return createHash('sha256').update(`${header}\n${text}`).digest('hex')
}

/** One or two names, each plain or in double quotes. Plain ones keep their case. */
function parts(written: string): [string, string?] {
  const name = `(?:"((?:[^"]|"")+)"|([^".]+))`
  const match = new RegExp(`^${name}(?:\\.${name})?$`).exec(written)
  if (match === null)
    throw stateError('STATE_URL', {
      message: `'${written}' names no table.`,
      hint: 'Write it as schema.table; a name with dots in double quotes.',
    })
  const [, quoted, plain, secondQuoted, secondPlain] = match
  const first = quoted?.replaceAll('""', '"') ?? plain!
  const second = secondQuoted?.replaceAll('""', '"') ?? secondPlain
  return second === undefined ? [first] : [first, second]
}
