import type { Origin, Transaction } from '@cdc/core'
import type { Settings } from '../settings.ts'
import { quoted } from '../text/json-text.ts'
import { type ConnectField, type ConnectSchema, field, optional, required } from './connect-schema.ts'

const long = optional('int64')
const fields: readonly ConnectField[] = [
  field('version', required('string')),
  field('connector', required('string')),
  field('name', required('string')),
  field('ts_ms', required('int64')),
  field('snapshot', {
    type: 'string',
    optional: true,
    name: 'io.debezium.data.Enum',
    version: 1,
    parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
    default: '"false"',
  }),
  field('db', required('string')),
  field('sequence', optional('string')),
  field('ts_us', long),
  field('ts_ns', long),
  field('schema', required('string')),
  field('table', required('string')),
  field('txId', long),
  field('lsn', long),
  field('xmin', long),
  field('origin', optional('string')),
  field('origin_lsn', long),
]

/** The schema of `source`: PostgresSourceInfoStructMaker, version 1. */
export const sourceSchema: ConnectSchema = {
  type: 'struct',
  fields,
  optional: false,
  name: 'io.debezium.connector.postgresql.Source',
  version: 1,
}

/** Milliseconds, microseconds and nanoseconds, as text. */
export interface TimeTexts {
  readonly ms: string
  readonly us: string
  readonly ns: string
}

/** From microseconds since 1970, not negative. */
export function timeTexts(micros: number | bigint): TimeTexts {
  const us = String(micros)
  return us === '0' ? { ms: '0', us, ns: us } : { ms: us.slice(0, -3) || '0', us, ns: `${us}000` }
}

const connectors: Readonly<Record<string, string>> = { 'postgres-cdc': 'postgresql', 'cdc-postgres': 'postgresql' }

/** What `source.connector` says of one of our connectors. */
export const connectorName = (connector: string): string => connectors[connector] ?? connector

/** Writes the `source` of one table's changes. What a transaction's changes share is made once. */
export class SourceBlock {
  readonly #start: string
  readonly #place: string
  readonly #streaming: string
  readonly #tables: string
  #transaction: Transaction | undefined
  #origin: Origin | undefined
  #whole = ''
  #head = ''
  #middle = ''
  #tail = ''

  /** `schema` and `table` are empty for messages. */
  constructor({ prefix, version, value }: Settings, schema: string, table: string) {
    this.#start = `{"version":${quoted(version)},"connector":`
    this.#place = `,"name":${quoted(prefix)},"ts_ms":`
    this.#streaming = value.replaceNull ? '"false"' : 'null'
    this.#tables = `,"schema":${quoted(schema)},"table":${quoted(table)},"txId":`
  }

  text(origin: Origin): string {
    // rows of a snapshot share their origin
    if (origin === this.#origin) return this.#whole
    const { transaction } = origin
    if (transaction !== this.#transaction || origin.snapshot !== this.#origin?.snapshot) this.#prepare(origin)
    const lsn = String(origin.offset)
    const text = `${this.#head}${lsn}${this.#middle}${lsn}${this.#tail}`
    this.#origin = origin
    this.#whole = text
    return text
  }

  #prepare({ transaction, snapshot }: Origin): void {
    const { connector, database, id, horizon, commitTime, previousCommit, replicationOrigin } = transaction
    const { ms, us, ns } = timeTexts(commitTime)
    const mark = snapshot === undefined ? this.#streaming : `"${snapshot}"`
    const previous = previousCommit === undefined ? 'null' : `\\"${previousCommit}\\"`
    this.#transaction = transaction
    this.#head = `${this.#start}${quoted(connectorName(connector))}${this.#place}${ms},"snapshot":${mark},"db":${quoted(database)},"sequence":"[${previous},\\"`
    this.#middle = `\\"]","ts_us":${us},"ts_ns":${ns}${this.#tables}${id ?? horizon ?? 'null'},"lsn":`
    const origin = replicationOrigin === undefined ? 'null' : quoted(replicationOrigin.name)
    this.#tail = `,"xmin":null,"origin":${origin},"origin_lsn":${replicationOrigin?.commit ?? 'null'}}`
  }
}
