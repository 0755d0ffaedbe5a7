import type { KafkaRecord } from '../port.ts'

/** What Flink's debezium-json shows of an event beside its rows: every leaf as text, numbers as they were written. */
export interface Envelope {
  readonly ts_ms?: string | null
  readonly source?: Readonly<Record<string, string | null>>
}

const none: Envelope = {}
/** Several columns ask for one record. */
const read = new WeakMap<KafkaRecord, Envelope>()

/** The envelope of a record's value. What is none, such as a tombstone, has nothing in it. */
export function envelopeOf(record: KafkaRecord): Envelope {
  const known = read.get(record)
  if (known !== undefined) return known
  const found = record.value === null ? none : parsed(record.value)
  read.set(record, found)
  return found
}

/** A number keeps its text: nanoseconds and LSNs do not fit a double. */
const numberAsText = (_: string, value: unknown, { source }: { readonly source?: string }) =>
  typeof value === 'number' ? source : value
const parse = JSON.parse as (text: string, reviver: typeof numberAsText) => unknown

function parsed(value: Buffer): Envelope {
  let whole: unknown
  try {
    whole = parse(value.toString(), numberAsText)
  } catch {
    // whether it is an error is the format's to say
    return none
  }
  const { ts_ms, source } = objectOf(objectOf(whole).payload ?? whole)
  const leaves = typeof source !== 'object' || source === null ? undefined : Object.entries(source)
  const time = ts_ms === undefined ? {} : { ts_ms: textOf(ts_ms) }
  return leaves === undefined ? time : { ...time, source: Object.fromEntries(leaves.map(([k, v]) => [k, textOf(v)])) }
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

function textOf(leaf: unknown): string | null {
  if (leaf === null || leaf === undefined) return null
  return typeof leaf === 'string' ? leaf : JSON.stringify(leaf)
}
