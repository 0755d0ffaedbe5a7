import type { Origin, SnapshotMark, Transaction } from '@cdc/core'
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'

const marks: ReadonlySet<unknown> = new Set([
  'first',
  'first_in_data_collection',
  'true',
  'last_in_data_collection',
  'last',
])
const connectors: Readonly<Record<string, string>> = { postgresql: 'postgres-cdc' }

const whole = (json: JsonValue | undefined) =>
  json instanceof JsonNumber && /^-?\d+$/.test(json.text) ? BigInt(json.text) : undefined
const text = (json: JsonValue | undefined) => (typeof json === 'string' ? json : undefined)

/** Makes origins of `source` blocks; the changes of one transaction share it, as they do when they are new. */
export class OriginReader {
  #transaction: Transaction | undefined
  #order = 0

  /** `source` may be missing: unwrapped records have none. */
  read(source: JsonObject | undefined): Origin {
    const lsn = whole(source?.get('lsn')) ?? 0n
    const snapshot = source?.get('snapshot')
    const marked = marks.has(snapshot)
    const transaction = this.#of(source, lsn, marked)
    const shared = transaction === this.#transaction
    this.#order = shared && !marked ? this.#order + 1 : 0
    this.#transaction = transaction
    return { transaction, offset: lsn, order: this.#order, ...(marked ? { snapshot: snapshot as SnapshotMark } : {}) }
  }

  #of(source: JsonObject | undefined, lsn: bigint, snapshot: boolean): Transaction {
    const id = whole(source?.get('txId'))?.toString()
    const commitTime = whole(source?.get('ts_us')) ?? (whole(source?.get('ts_ms')) ?? 0n) * 1000n
    const database = text(source?.get('db')) ?? ''
    const last = this.#transaction
    const same = last !== undefined && last.commitTime === commitTime && last.database === database
    if (same && (snapshot ? last.horizon === id && last.commit === lsn : last.id === id && id !== undefined))
      return last
    const connector = text(source?.get('connector')) ?? 'debezium-json'
    const previousCommit = sequence(text(source?.get('sequence')))
    const origin = text(source?.get('origin'))
    return {
      connector: connectors[connector] ?? connector,
      database,
      commitTime,
      // the commit's own place is not told
      commit: lsn,
      ...(id === undefined ? {} : snapshot ? { horizon: id } : { id }),
      ...(previousCommit === undefined ? {} : { previousCommit }),
      ...(origin === undefined
        ? {}
        : { replicationOrigin: { name: origin, commit: whole(source?.get('origin_lsn')) ?? 0n } }),
    }
  }
}

/** The first of `["<commit>","<lsn>"]`. */
function sequence(json: string | undefined): bigint | undefined {
  const commit = /^\["(\d+)",/.exec(json ?? '')?.[1]
  return commit === undefined ? undefined : BigInt(commit)
}
