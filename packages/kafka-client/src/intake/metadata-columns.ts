import { type Buffer, isUtf8 } from 'node:buffer'
import type { Cell } from '@cdc/core'
import type { ColumnSpec, SqlRoot } from '@cdc/flink-schema'
import type { KafkaRecord, TopicPartition } from '../port.ts'
import { type Envelope, envelopeOf } from './value-envelope.ts'

type Read = (record: KafkaRecord, from: TopicPartition) => Cell

interface MetadataColumn {
  /** The types that a column of it can have. */
  readonly types: readonly SqlRoot[]
  /** As what its cells, which are JSON, may be declared beside STRING. */
  readonly nested?: string
  /** Its cells in a column of this type. */
  read(type: SqlRoot): Read
}

/** A whole number in the form of the column's type. */
const whole =
  (number: (record: KafkaRecord, from: TopicPartition) => number | undefined) =>
  (type: SqlRoot): Read =>
  (record, from) => {
    const found = number(record, from)
    if (found === undefined) return null
    return type === 'BIGINT' ? BigInt(found) : found
  }

const known: Readonly<Record<string, MetadataColumn>> = {
  topic: {
    types: ['VARCHAR'],
    read:
      () =>
      (_, { topic }) =>
        topic,
  },
  partition: { types: ['INT', 'BIGINT'], read: whole((_, { partition }) => partition) },
  headers: { types: ['MAP', 'VARCHAR'], nested: 'MAP<STRING, BYTES>', read: () => (record) => headersText(record) },
  'header-list': {
    types: ['MAP', 'VARCHAR'],
    nested: 'ARRAY<ROW<key STRING, value BYTES>>',
    read: () => (record) => headerListText(record),
  },
  'leader-epoch': { types: ['INT', 'BIGINT'], read: whole(({ leaderEpoch }) => leaderEpoch) },
  offset: { types: ['BIGINT'], read: () => (record) => record.offset },
  timestamp: {
    types: ['TIMESTAMP_LTZ', 'TIMESTAMP'],
    read: (type) => (record) => timestampText(record.timestamp, type === 'TIMESTAMP_LTZ'),
  },
  'timestamp-type': { types: ['VARCHAR'], read: () => (record) => record.timestampType },
  'value.ingestion-timestamp': envelopeTime(({ ts_ms }) => ts_ms),
  'value.source.timestamp': envelopeTime(({ source }) => source?.ts_ms),
  'value.source.database': envelopeText(({ source }) => source?.db),
  'value.source.schema': envelopeText(({ source }) => source?.schema),
  'value.source.table': envelopeText(({ source }) => source?.table ?? source?.collection),
  'value.source.properties': {
    types: ['MAP', 'VARCHAR'],
    nested: 'MAP<STRING, STRING>',
    read: () => (record) => {
      const { source } = envelopeOf(record)
      return source === undefined ? null : JSON.stringify(source)
    },
  },
}

/** Milliseconds since 1970 in the envelope. */
function envelopeTime(of: (envelope: Envelope) => string | null | undefined): MetadataColumn {
  return {
    types: ['TIMESTAMP_LTZ', 'TIMESTAMP'],
    read: (type) => (record) => {
      const time = of(envelopeOf(record))
      return time && /^\d{1,15}$/.test(time) ? timestampText(BigInt(time), type === 'TIMESTAMP_LTZ') : null
    },
  }
}

function envelopeText(of: (envelope: Envelope) => string | null | undefined): MetadataColumn {
  return { types: ['VARCHAR'], read: () => (record) => of(envelopeOf(record)) ?? null }
}

/** The keys of METADATA columns, as Flink names them. */
export const metadataKeys: readonly string[] = Object.keys(known)

/** What is wrong with a METADATA column, or undefined. `envelopes`: are values JSON with Debezium's envelope? */
export function metadataFault({ name, metadata, type }: ColumnSpec, envelopes: boolean): string | undefined {
  if (metadata === undefined) return undefined
  if (metadata.startsWith('value.') && !envelopes)
    return `The metadata column '${name}' holds '${metadata}', which only values of debezium-json have (or of json with changelog: debezium).`
  const { types: roots, nested } = known[metadata]!
  if (roots.includes(type.root) && (type.root !== 'MAP' || type.text === nested)) return undefined
  const types = roots.map((root) =>
    root === 'VARCHAR' ? 'STRING' : root === 'MAP' ? nested : (typeNames[root] ?? root),
  )
  return `The metadata column '${name}' holds '${metadata}', so its type is ${types.join(' or ')}, not ${type.text}.`
}

const typeNames: Partial<Record<SqlRoot, string>> = { TIMESTAMP_LTZ: 'TIMESTAMP_LTZ(3)' }

/** Gives the cells of a METADATA column. */
export function metadataReader({ metadata, type }: ColumnSpec): Read {
  return known[metadata!]!.read(type.root)
}

/** As PostgreSQL prints it. null: the record has none. */
function timestampText(milliseconds: bigint, zoned: boolean): string | null {
  if (milliseconds < 0n) return null
  const iso = new Date(Number(milliseconds)).toISOString()
  const fraction = iso.slice(19, 23).replace(/\.?0+$/, '')
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}${zoned ? '+00' : ''}`
}

/** A JSON object; of headers with one name the last, as in Flink. Bytes that are no text are written `\x0a1b`. */
function headersText({ headers }: KafkaRecord): string {
  const texts = headers.map(([name, value]) => [name, value === null ? null : textOf(value)] as const)
  // a plain object would lose a header that is called __proto__
  return `{${[...new Map(texts)].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
}

/** A JSON array of objects with key and value: every header, in order. */
function headerListText({ headers }: KafkaRecord): string {
  return JSON.stringify(headers.map(([key, value]) => ({ key, value: value === null ? null : textOf(value) })))
}

const textOf = (value: Buffer) => (isUtf8(value) ? value.toString() : `\\x${value.toString('hex')}`)
