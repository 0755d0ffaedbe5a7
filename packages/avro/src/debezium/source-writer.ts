import type { Origin, Transaction } from '@cdc/core'
import { connectorName, type Settings } from '@cdc/debezium-json/envelope'
import { AvroWriter } from '../wire/avro-writer.ts'

/** The branch of `["null", T]` that holds a value. */
const PRESENT = 1

/** Writes the `source` of one table's changes. What a transaction's changes share is made once. */
export class SourceWriter {
  readonly #settings: Pick<Settings, 'prefix' | 'version' | 'value'>
  readonly #schema: string
  readonly #table: string
  readonly #scratch = new AvroWriter()
  #transaction: Transaction | undefined
  #snapshot: Origin['snapshot']
  #head: Uint8Array = Buffer.alloc(0)
  #sequence = ''
  #middle: Uint8Array = Buffer.alloc(0)
  #tail: Uint8Array = Buffer.alloc(0)

  /** `schema` and `table` are empty for messages. */
  constructor(settings: Pick<Settings, 'prefix' | 'version' | 'value'>, schema: string, table: string) {
    this.#settings = settings
    this.#schema = schema
    this.#table = table
  }

  write(writer: AvroWriter, origin: Origin): void {
    if (origin.transaction !== this.#transaction || origin.snapshot !== this.#snapshot) this.#prepare(origin)
    writer.raw(this.#head)
    writer.string(`${this.#sequence}${origin.offset}"]`)
    writer.raw(this.#middle)
    writer.long(PRESENT)
    writer.bigLong(origin.offset)
    writer.raw(this.#tail)
  }

  #prepare({ transaction, snapshot }: Origin): void {
    const { previousCommit } = transaction
    this.#transaction = transaction
    this.#snapshot = snapshot
    this.#head = this.#bytes((writer) => this.#writeHead(writer, transaction, snapshot))
    this.#sequence = previousCommit === undefined ? '[null,"' : `["${previousCommit}","`
    this.#middle = this.#bytes((writer) => this.#writeMiddle(writer, transaction))
    this.#tail = this.#bytes((writer) => writeTail(writer, transaction))
  }

  /** `version` to `db`, and the branch of `sequence`. */
  #writeHead(writer: AvroWriter, { connector, commitTime, database }: Transaction, snapshot: Origin['snapshot']): void {
    const { prefix, version, value } = this.#settings
    writer.string(version)
    writer.string(connectorName(connector))
    writer.string(prefix)
    writer.bigLong(commitTime / 1000n)
    // a default stands first in its union
    const mark = snapshot ?? (value.replaceNull ? 'false' : undefined)
    writer.long(mark === undefined ? 1 : 0)
    if (mark !== undefined) writer.string(mark)
    writer.string(database)
    writer.long(PRESENT)
  }

  /** `ts_us` to `txId`. */
  #writeMiddle(writer: AvroWriter, { commitTime, id, horizon }: Transaction): void {
    writer.long(PRESENT)
    writer.bigLong(commitTime)
    writer.long(PRESENT)
    writer.bigLong(commitTime * 1000n)
    writer.string(this.#schema)
    writer.string(this.#table)
    const transaction = id ?? horizon
    optionalLong(writer, transaction === undefined ? undefined : BigInt(transaction))
  }

  #bytes(write: (writer: AvroWriter) => void): Uint8Array {
    this.#scratch.begin()
    write(this.#scratch)
    return this.#scratch.end()
  }
}

/** `xmin` to `origin_lsn`. */
function writeTail(writer: AvroWriter, { replicationOrigin }: Transaction): void {
  optionalLong(writer, undefined)
  writer.long(replicationOrigin === undefined ? 0 : PRESENT)
  if (replicationOrigin !== undefined) writer.string(replicationOrigin.name)
  optionalLong(writer, replicationOrigin?.commit)
}

function optionalLong(writer: AvroWriter, value: bigint | undefined): void {
  writer.long(value === undefined ? 0 : PRESENT)
  if (value !== undefined) writer.bigLong(value)
}
