import type { Column, DataType } from '@cdc/core'
import type { TargetColumn } from './catalog.ts'
import type { Connection } from './connection.ts'
import { ServerError } from './server-error.ts'

const textual = new Set(['text', 'varchar', 'bpchar', 'name', 'citext'])

/** Does a column of this type hold any text? */
export const isTextual = (column: TargetColumn) => textual.has(column.base)

const numbers = ['int2', 'int4', 'int8', 'numeric']
const takes: Readonly<Record<DataType['kind'], readonly string[] | undefined>> = {
  boolean: ['bool'],
  int16: [...numbers, 'float4', 'float8'],
  int32: [...numbers, 'float8'],
  int64: [...numbers],
  float32: ['float4', 'float8', 'numeric'],
  float64: ['float8', 'numeric'],
  decimal: [...numbers, 'money'],
  string: [
    'json',
    'jsonb',
    'xml',
    'uuid',
    'inet',
    'cidr',
    'macaddr',
    'macaddr8',
    'tsvector',
    'tsquery',
    'bit',
    'varbit',
  ],
  bytes: ['bytea'],
  uuid: ['uuid'],
  json: ['json', 'jsonb'],
  xml: ['xml'],
  date: ['date', 'timestamp', 'timestamptz'],
  time: ['time', 'timetz', 'interval'],
  timetz: ['timetz'],
  timestamp: ['timestamp', 'timestamptz'],
  timestamptz: ['timestamptz', 'timestamp'],
  interval: ['interval'],
  enum: undefined,
  array: undefined,
  other: undefined,
}

/**
 * Can values of the source's column be written into the target's without being changed by it? Values that are too
 * large are the server's to refuse; what it would round or misread in silence is refused here.
 */
export function fits(source: Column, target: TargetColumn): boolean {
  // the server's input function decides for types that are not its own
  if (isTextual(target) || !target.builtIn) return true
  if (source.type.kind === 'array') return target.array
  if (target.array) return source.type.kind === 'other' && source.native === target.type
  const accepted = takes[source.type.kind]
  if (accepted === undefined) return source.type.kind === 'other' && sameType(source.native, target)
  return accepted.includes(target.base) && !roundsOff(source.type, target)
}

const sameType = (native: string, target: TargetColumn) =>
  bare(native) === bare(target.type) || bare(native) === target.base
const bare = (type: string) => type.replace(/^pg_catalog\./, '').replace(/\(.*?\)/, '')

function roundsOff(type: DataType, target: TargetColumn): boolean {
  const [, args] = split(target.type)
  if (/^time/.test(type.kind)) {
    const digits = (type as { precision?: number }).precision ?? 6
    return args.length > 0 && digits > args[0]!
  }
  if (type.kind !== 'decimal') return false
  if (target.base !== 'numeric') return type.scale !== 0
  return args.length > 0 && (type.scale === undefined || type.scale > (args[1] ?? 0))
}

/** The type that a column gets where we declare it: the source's own where the target has it, else the nearest. */
export async function declaredType(connection: Connection, column: Column): Promise<string> {
  const own = await ownType(connection, column)
  return own ?? generalType(column.type)
}

/**
 * The source's type in the target's words, when the target knows it. Needs an open transaction. The text is the
 * target's (`regtype`) with the source's modifier, so nothing of the source's text gets into DDL unread. Without a
 * modifier it is `format_type`'s, since `character` alone would mean `character(1)` in DDL.
 */
async function ownType(connection: Connection, column: Column): Promise<string | undefined> {
  const { native } = column
  const modifier = /\(\s*\d+\s*(?:,\s*-?\d+\s*)?\)/.exec(native)?.[0] ?? ''
  if (!/^[^()';\\]+$/.test(native.replace(modifier, ''))) return undefined
  // regclass and its like name objects of the source, which are not here
  if (/^reg[a-z]+(\[\])?$/.test(native)) return undefined
  const flight = connection.flight()
  flight.run('SAVEPOINT cdc_type')
  flight.run(
    `SELECT CASE WHEN $2 = '' THEN format_type(t.oid, -1) ELSE t.oid::regtype::text END, coalesce(b.typname, t.typname), t.typnamespace = 'pg_catalog'::regnamespace, t.typelem <> 0 AND t.typlen = -1
     FROM pg_type t LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype WHERE t.oid = to_regtype($1)`,
    [native.replace(modifier, ''), modifier],
  )
  flight.run('RELEASE SAVEPOINT cdc_type')
  let row: (string | null)[] | undefined
  try {
    row = (await flight.send())[1]!.rows[0]
  } catch (cause) {
    // older servers raise what newer ones answer with NULL
    if (!(cause instanceof ServerError)) throw cause
    await connection.query('ROLLBACK TO SAVEPOINT cdc_type')
  }
  if (row === undefined) return undefined
  const [name, base, builtIn, array] = row
  const type = withModifier(name!, modifier)
  const declared = { name: '', type, base: base!, builtIn: builtIn === 't', array: array === 't' } as TargetColumn
  // the same word may mean something else in another database
  return fits(column, declared) ? type : undefined
}

/** `timestamp with time zone`, `numeric[]`, `bit varying`: the modifier stands before the zone or the brackets. */
function withModifier(name: string, modifier: string): string {
  if (modifier === '') return name
  return name.replace(/^(.*?)( with(?:out)? time zone)?(\[\])?$/, `$1${modifier}$2$3`)
}

/** A type that every PostgreSQL has. */
export function generalType(type: DataType): string {
  switch (type.kind) {
    case 'boolean':
    case 'date':
    case 'interval':
    case 'json':
    case 'uuid':
    case 'xml':
      return type.kind
    case 'int16':
      return 'smallint'
    case 'int32':
      return 'integer'
    case 'int64':
      return 'bigint'
    case 'float32':
      return 'real'
    case 'float64':
      return 'double precision'
    case 'decimal':
      return type.precision === undefined ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`
    case 'bytes':
      return 'bytea'
    case 'time':
    case 'timestamp':
      return `${type.kind}${precision(type)} without time zone`
    case 'timetz':
      return `time${precision(type)} with time zone`
    case 'timestamptz':
      return `timestamp${precision(type)} with time zone`
    case 'string':
      if (type.length === undefined || type.length < 1 || type.length > 10_485_760) return 'text'
      return `character${type.fixed ? '' : ' varying'}(${type.length})`
    case 'array':
      return type.element.kind === 'array' ? generalType(type.element) : `${generalType(type.element)}[]`
    case 'enum':
    case 'other':
      return 'text'
  }
}

const precision = ({ precision: digits }: { precision?: number }) =>
  digits === undefined || digits > 6 ? '' : `(${digits})`

const ladder = ['smallint', 'integer', 'bigint', 'numeric']

/** Does `wider` hold every value of `narrower`, so that a column may be altered to it? Both as format_type prints them. */
export function isWider(wider: string, narrower: string): boolean {
  if (wider === narrower) return false
  const [to, toArgs] = split(wider)
  const [from, fromArgs] = split(narrower)
  if (ladder.includes(to) && ladder.includes(from) && from !== 'numeric') {
    if (to !== 'numeric') return ladder.indexOf(to) > ladder.indexOf(from)
    return toArgs.length === 0
  }
  if (to === 'double precision') return from === 'real'
  if (to === 'text') return from === 'character varying' || from === 'text'
  if (to !== from) return false
  if (to === 'numeric') return widerNumeric(toArgs, fromArgs)
  if (/^(character varying|character|bit varying|time|timestamp)/.test(to))
    return fromArgs.length > 0 && (toArgs.length === 0 ? to !== 'character' : toArgs[0]! > fromArgs[0]!)
  return false
}

function widerNumeric(to: readonly number[], from: readonly number[]): boolean {
  if (to.length === 0) return from.length > 0
  if (from.length === 0) return false
  const [precisionTo, scaleTo = 0] = to
  const [precisionFrom, scaleFrom = 0] = from
  return scaleTo >= scaleFrom && precisionTo! - scaleTo >= precisionFrom! - scaleFrom
}

function split(type: string): [name: string, args: number[]] {
  const match = /\(([^)]*)\)/.exec(type)
  if (match === null) return [type, []]
  return [type.replace(match[0], '').replace(/\s+/g, ' ').trim(), match[1]!.split(',').map(Number)]
}
