import { SchemaFault, type SchemaTokens } from './schema-tokens.ts'
import type { SqlRoot, SqlType } from './sql-type.ts'

/** Reads a type of Flink SQL: https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/types/ */
export function parseType(tokens: SchemaTokens): SqlType {
  let type = parsePlain(tokens)
  for (;;) {
    if (tokens.take('ARRAY')) type = arrayOf(type)
    else if (tokens.take('MULTISET')) throw noSuchCells(`${type.text} MULTISET`)
    else return type
  }
}

function parsePlain(tokens: SchemaTokens): SqlType {
  const name = tokens.peek()
  const read = types[name]
  if (read === undefined) throw new SchemaFault(`has an unknown type: '${name === '' ? '?' : name}'`)
  tokens.expect(name)
  return read(tokens)
}

const types: Readonly<Record<string, (tokens: SchemaTokens) => SqlType>> = {
  CHAR: withLength('CHAR', 1),
  VARCHAR: withLength('VARCHAR', 1),
  STRING: () => ({ root: 'VARCHAR', text: 'STRING' }),
  BOOLEAN: plain('BOOLEAN'),
  BINARY: withLength('BINARY', 1),
  VARBINARY: withLength('VARBINARY', 1),
  BYTES: () => ({ root: 'VARBINARY', text: 'BYTES' }),
  DECIMAL: parseDecimal,
  DEC: parseDecimal,
  NUMERIC: parseDecimal,
  TINYINT: plain('TINYINT'),
  SMALLINT: plain('SMALLINT'),
  INT: plain('INT'),
  INTEGER: plain('INT'),
  BIGINT: plain('BIGINT'),
  FLOAT: plain('FLOAT'),
  DOUBLE: (tokens) => {
    tokens.take('PRECISION')
    return { root: 'DOUBLE', text: 'DOUBLE' }
  },
  DATE: plain('DATE'),
  TIME: (tokens) => {
    const time = withPrecision('TIME', 0)(tokens)
    tokens.take('WITHOUT', 'TIME', 'ZONE')
    return time
  },
  TIMESTAMP: parseTimestamp,
  TIMESTAMP_LTZ: withPrecision('TIMESTAMP_LTZ', 6),
  INTERVAL: parseInterval,
  ARRAY: (tokens) => {
    tokens.expect('<')
    const element = parseType(tokens)
    tokens.take('NOT', 'NULL') || tokens.take('NULL')
    tokens.expect('>')
    return arrayOf(element)
  },
  MAP: () => {
    throw noSuchCells('MAP')
  },
  MULTISET: () => {
    throw noSuchCells('MULTISET')
  },
  ROW: () => {
    throw noSuchCells('ROW')
  },
  RAW: () => {
    throw noSuchCells('RAW')
  },
}

const noSuchCells = (type: string) =>
  new SchemaFault(
    `has the type ${type}, which changes here cannot carry: a cell is a scalar or an array, as in a database. Split it into columns`,
  )

function plain(root: SqlRoot): () => SqlType {
  return () => ({ root, text: root })
}

function withLength(root: SqlRoot, missing: number): (tokens: SchemaTokens) => SqlType {
  return (tokens) => {
    const length = parenthesised(tokens)?.[0] ?? missing
    if (length < 1 || length > 2147483647)
      throw new SchemaFault(`has ${root}(${length}): the length must be at least 1`)
    // Flink's STRING is this VARCHAR
    return length === 2147483647 ? { root, text: `${root}(${length})` } : { root, text: `${root}(${length})`, length }
  }
}

function withPrecision(root: SqlRoot, missing: number): (tokens: SchemaTokens) => SqlType {
  return (tokens) => {
    const precision = parenthesised(tokens)?.[0] ?? missing
    if (precision > 9) throw new SchemaFault(`has ${root}(${precision}): the precision must be from 0 to 9`)
    return { root, text: `${root}(${precision})`, precision }
  }
}

function parseDecimal(tokens: SchemaTokens): SqlType {
  const [precision = 10, scale = 0] = parenthesised(tokens) ?? []
  if (precision < 1 || precision > 38)
    throw new SchemaFault(`has DECIMAL(${precision}, ${scale}): the precision must be from 1 to 38`)
  if (scale > precision)
    throw new SchemaFault(`has DECIMAL(${precision}, ${scale}): the scale must be from 0 to the precision`)
  return { root: 'DECIMAL', text: `DECIMAL(${precision}, ${scale})`, precision, scale }
}

function parseTimestamp(tokens: SchemaTokens): SqlType {
  const type = withPrecision('TIMESTAMP', 6)(tokens)
  if (tokens.take('WITH', 'LOCAL', 'TIME', 'ZONE'))
    return { ...type, root: 'TIMESTAMP_LTZ', text: `TIMESTAMP_LTZ(${type.precision})` }
  if (tokens.take('WITH', 'TIME', 'ZONE'))
    throw new SchemaFault('has TIMESTAMP WITH TIME ZONE, which Flink does not support either. Use TIMESTAMP_LTZ')
  tokens.take('WITHOUT', 'TIME', 'ZONE')
  return type
}

function parseInterval(tokens: SchemaTokens): SqlType {
  const unit = intervalUnit(tokens)
  const last = tokens.take('TO') ? intervalUnit(tokens) : unit
  const months = unit === 'YEAR' || unit === 'MONTH'
  if (months !== (last === 'YEAR' || last === 'MONTH'))
    throw new SchemaFault(`has INTERVAL ${unit} TO ${last}, which mixes months and seconds`)
  const text = `INTERVAL ${unit}${last === unit ? '' : ` TO ${last}`}`
  return { root: months ? 'INTERVAL_MONTHS' : 'INTERVAL_MILLISECONDS', text }
}

function intervalUnit(tokens: SchemaTokens): string {
  for (const unit of ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND']) {
    if (!tokens.take(unit)) continue
    parenthesised(tokens)
    return unit
  }
  throw new SchemaFault('has INTERVAL without a unit such as DAY or YEAR')
}

function arrayOf(element: SqlType): SqlType {
  return { root: 'ARRAY', text: `ARRAY<${element.text}>`, element }
}

function parenthesised(tokens: SchemaTokens): number[] | undefined {
  if (!tokens.take('(')) return undefined
  const numbers = [tokens.number()]
  while (tokens.take(',')) numbers.push(tokens.number())
  tokens.expect(')')
  return numbers
}
