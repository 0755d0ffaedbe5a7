import type { PostgresCdcValues, StartupMode } from './option-fields.ts'
import { compilePatterns, matcher } from './pattern.ts'
import { startupMode } from './startup.ts'

type Matches = (name: string) => boolean

/** The options of Debezium that concern tables and columns one by one, compiled. */
export class TableRules {
  readonly mode: StartupMode
  /** Kinds of changes to leave out: c, u, d, t. */
  readonly skipped: ReadonlySet<string>
  readonly #keepColumn: Matches | undefined
  readonly #keepMessage: Matches
  readonly #snapshot: Matches
  readonly #keys: readonly { readonly table: Matches; readonly columns: readonly string[] }[]
  readonly #overrides: ReadonlyMap<string, string>

  constructor(values: PostgresCdcValues) {
    const given = values['debezium.*']
    this.mode = startupMode(values)
    this.skipped = new Set((given['skipped.operations'] ?? '').split(',').map((one) => one.trim()))
    this.#keepColumn = listed(given, 'column')
    this.#keepMessage = listed(given, 'message.prefix') ?? (() => true)
    const included = given['snapshot.include.collection.list']
    this.#snapshot = included === undefined ? () => true : compiled('snapshot.include.collection.list', included)
    this.#keys = (given['message.key.columns'] ?? '')
      .split(';')
      .filter((one) => one.trim() !== '')
      .map(keyRule)
    this.#overrides = new Map(
      (given['snapshot.select.statement.overrides'] ?? '')
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== '')
        .map((table) => [table, given[`snapshot.select.statement.overrides.${table}`]!]),
    )
  }

  /** undefined: every column is kept. */
  keepColumn(table: string, column: string): boolean {
    return this.#keepColumn === undefined || this.#keepColumn(`${table}.${column}`)
  }

  keepMessage(prefix: string): boolean {
    return this.#keepMessage(prefix)
  }

  /** Is the table part of the snapshot? */
  inSnapshot(table: string): boolean {
    return this.#snapshot(table)
  }

  /** The columns that the user named as its key. */
  keyOf(table: string): readonly string[] | undefined {
    return this.#keys.find((rule) => rule.table(table))?.columns
  }

  /** The SELECT that the snapshot reads the table with. */
  overrideOf(table: string): string | undefined {
    return this.#overrides.get(table)?.trim().replace(/;$/, '')
  }
}

function compiled(name: string, value: string): Matches {
  return matcher(compilePatterns(value), `debezium.${name}`)
}

function listed(given: Readonly<Record<string, string>>, name: string): Matches | undefined {
  const [include, exclude] = [given[`${name}.include.list`], given[`${name}.exclude.list`]]
  if (include !== undefined) return compiled(`${name}.include.list`, include)
  if (exclude === undefined) return undefined
  const excluded = compiled(`${name}.exclude.list`, exclude)
  return (one) => !excluded(one)
}

function keyRule(entry: string): { table: Matches; columns: string[] } {
  const colon = entry.lastIndexOf(':')
  return {
    table: compiled('message.key.columns', entry.slice(0, colon).trim()),
    columns: entry
      .slice(colon + 1)
      .split(',')
      .map((one) => one.trim()),
  }
}
