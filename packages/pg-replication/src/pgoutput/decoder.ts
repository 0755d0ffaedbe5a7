import type { CdcError, Identity } from '@cdc/core'
import { decodeError } from '../decode-errors.ts'
import type { ColumnType } from '../types/data-type.ts'
import { ByteReader } from './byte-reader.ts'
import type { OldRow, PgOutputHandler } from './handler.ts'
import { malformed } from './malformed.ts'
import type { Relation, RelationColumn } from './relation.ts'
import { type TuplePlan, tuplePlan } from './tuple-plan.ts'
import { TupleReader } from './tuple-reader.ts'

/** Message types, and the markers of rows in them (manual, "Logical Replication Message Formats"). */
const ABORT = 0x41
const BEGIN = 0x42
const COMMIT = 0x43
const DELETE = 0x44
const INSERT = 0x49
const KEY = 0x4b
const MESSAGE = 0x4d
const NEW = 0x4e
const OLD = 0x4f
const ORIGIN = 0x4f
const RELATION = 0x52
const TRUNCATE = 0x54
const UPDATE = 0x55
const TYPE = 0x59

const identities: Readonly<Record<string, Identity>> = { d: 'default', n: 'nothing', f: 'full', i: 'index' }

/** A column is at least flags, an empty name's NUL, OID and modifier. */
const SHORTEST_COLUMN = 10

export interface PgOutputDecoderOptions {
  /** As `dataTypeOf` with a catalog. undefined: `decode` throws TYPE_UNKNOWN. Called once a column of each Relation. */
  readonly resolveType: (oid: number, typmod: number) => ColumnType | undefined
  /** Does the server send Stream Abort though nothing is streamed (18)? Between transactions it is passed over then. */
  readonly strayAborts?: boolean
}

/**
 * Decodes pgoutput, protocol version 1 with text values. One per connection: the server describes each table anew on
 * each, and nothing that another one said may be used.
 *
 * `decode` is synchronous, takes one message and makes one call of the handler. After TYPE_UNKNOWN nothing has
 * changed: learn the type and decode the same bytes again. After any other throw the stream cannot be trusted.
 */
export class PgOutputDecoder {
  readonly #resolveType: PgOutputDecoderOptions['resolveType']
  readonly #strayAborts: boolean
  #inTransaction = false
  readonly #plans = new Map<number, TuplePlan>()
  readonly #tuples = new TupleReader()
  #last: TuplePlan | undefined
  #bytes = 0
  #viewed: Buffer | undefined
  #view: DataView = new DataView(new ArrayBuffer(0))

  constructor(options: PgOutputDecoderOptions) {
    this.#resolveType = options.resolveType
    this.#strayAborts = options.strayAborts ?? false
  }

  /** An estimate of the heap that all rows and messages decoded so far took, in bytes. Only grows: take differences. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Decodes the message that lies in `buffer` from `start` to `end`, in place: nothing keeps `buffer` or refers to
   * its contents afterwards, so it may be filled anew.
   *
   * @throws PGOUTPUT_MALFORMED, PGOUTPUT_UNEXPECTED, PGOUTPUT_RELATION_UNKNOWN, TYPE_UNKNOWN, VALUE_*
   */
  decode(buffer: Buffer, start: number, end: number, handler: PgOutputHandler): void {
    switch (start < end ? buffer[start] : -1) {
      case INSERT:
        this.#insert(buffer, start, end, handler)
        break
      case UPDATE:
        this.#update(buffer, start, end, handler)
        break
      case DELETE:
        this.#delete(buffer, start, end, handler)
        break
      default:
        this.#other(new ByteReader(buffer, this.#viewOf(buffer), start, end), buffer, start, end, handler)
    }
  }

  #viewOf(buffer: Buffer): DataView {
    if (buffer !== this.#viewed) {
      this.#viewed = buffer
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    }
    return this.#view
  }

  #insert(buffer: Buffer, start: number, end: number, handler: PgOutputHandler): void {
    const plan = this.#plan(buffer, start, end)
    if (buffer[start + 5] !== NEW) throw malformed('no new row follows', buffer, start, end, start + 5)
    this.#tuples.message(buffer, start, end)
    const row = this.#tuples.tuple(plan, start + 6, false)
    this.#finish(buffer, start, end, plan.overhead)
    handler.insert(plan.relation, row)
  }

  #update(buffer: Buffer, start: number, end: number, handler: PgOutputHandler): void {
    const plan = this.#plan(buffer, start, end)
    const tuples = this.#tuples
    tuples.message(buffer, start, end)
    const marker = buffer[start + 5]
    if (marker === NEW) {
      const row = tuples.tuple(plan, start + 6, false)
      this.#finish(buffer, start, end, plan.overhead)
      handler.update(plan.relation, undefined, undefined, row)
      return
    }
    const kind = oldRow(buffer, start, end)
    const before = tuples.tuple(plan, start + 6, kind === 'K')
    const at = tuples.position
    if (at >= end || buffer[at] !== NEW) throw malformed('no new row follows', buffer, start, end, at)
    const row = tuples.tuple(plan, at + 1, false)
    this.#finish(buffer, start, end, 2 * plan.overhead)
    handler.update(plan.relation, before, kind, row)
  }

  #delete(buffer: Buffer, start: number, end: number, handler: PgOutputHandler): void {
    const plan = this.#plan(buffer, start, end)
    const kind = oldRow(buffer, start, end)
    this.#tuples.message(buffer, start, end)
    const before = this.#tuples.tuple(plan, start + 6, kind === 'K')
    this.#finish(buffer, start, end, plan.overhead)
    handler.delete(plan.relation, before, kind)
  }

  #finish(buffer: Buffer, start: number, end: number, overhead: number): void {
    const at = this.#tuples.position
    if (at !== end) throw malformed(`${end - at} bytes are left over`, buffer, start, end, at)
    this.#bytes += end - start + overhead
  }

  /** The plan of the table whose OID follows the message's type, and a marker after it. */
  #plan(buffer: Buffer, start: number, end: number): TuplePlan {
    if (end - start < 6) throw malformed('it is cut off', buffer, start, end, end)
    return this.#planOf(buffer.readUInt32BE(start + 1))
  }

  #planOf(oid: number): TuplePlan {
    const last = this.#last
    if (last !== undefined && last.relation.oid === oid) return last
    const plan = this.#plans.get(oid)
    if (plan === undefined) throw unknownRelation(oid)
    this.#last = plan
    return plan
  }

  #other(reader: ByteReader, buffer: Buffer, start: number, end: number, handler: PgOutputHandler): void {
    switch (start < end ? buffer[start] : -1) {
      case BEGIN:
        this.#inTransaction = true
        begin(reader, handler)
        break
      case COMMIT:
        this.#inTransaction = false
        commit(reader, handler)
        break
      case RELATION:
        this.#relation(reader, handler)
        break
      case TRUNCATE:
        this.#truncate(reader, handler)
        break
      case MESSAGE:
        this.#message(reader, handler)
        break
      case ORIGIN:
        origin(reader, handler)
        break
      case TYPE:
        type(reader, handler)
        break
      case ABORT:
        if (!this.#strayAborts || this.#inTransaction) throw unexpected(buffer, start, end)
        abort(reader)
        break
      default:
        throw unexpected(buffer, start, end)
    }
  }

  #relation(reader: ByteReader, handler: PgOutputHandler): void {
    const oid = reader.uint32()
    const schema = reader.string() || 'pg_catalog'
    const name = reader.string()
    const letter = String.fromCharCode(reader.byte())
    const identity = identities[letter]
    if (identity === undefined) throw reader.malformed('the replica identity is none of d, n, f and i')
    const count = reader.uint16()
    if (count * SHORTEST_COLUMN > reader.left) throw reader.malformed(`${count} columns cannot follow`)
    const columns: RelationColumn[] = []
    for (let i = 0; i < count; i++) columns.push(this.#column(reader, `${schema}.${name}`))
    reader.finish()
    const plan = tuplePlan({ oid, schema, name, identity, columns })
    this.#plans.set(oid, plan)
    this.#last = undefined
    handler.relation(plan.relation)
  }

  #column(reader: ByteReader, table: string): RelationColumn {
    const identity = (reader.byte() & 1) === 1
    const name = reader.string()
    const oid = reader.uint32()
    const typmod = reader.int32()
    const resolved = this.#resolveType(oid, typmod)
    if (resolved === undefined) throw unknownType(oid, table, name)
    const { type: dataType, native, delimiter } = resolved
    return { name, type: dataType, native, delimiter, oid, typmod, identity }
  }

  #truncate(reader: ByteReader, handler: PgOutputHandler): void {
    const count = reader.uint32()
    const flags = reader.byte()
    if (count * 4 !== reader.left) throw reader.malformed(`${count} tables do not follow`)
    const relations: Relation[] = []
    for (let i = 0; i < count; i++) relations.push(this.#planOf(reader.uint32()).relation)
    handler.truncate(relations, (flags & 1) !== 0, (flags & 2) !== 0)
  }

  #message(reader: ByteReader, handler: PgOutputHandler): void {
    const transactional = (reader.byte() & 1) === 1
    const lsn = reader.lsn()
    const prefix = reader.string()
    const content = reader.bytes(reader.uint32())
    reader.finish()
    this.#bytes += content.length + prefix.length
    handler.message(transactional, lsn, prefix, content)
  }
}

function begin(reader: ByteReader, handler: PgOutputHandler): void {
  const commitLsn = reader.lsn()
  const time = reader.time()
  const xid = reader.uint32()
  reader.finish()
  handler.begin(xid, commitLsn, time)
}

function commit(reader: ByteReader, handler: PgOutputHandler): void {
  reader.byte()
  const commitLsn = reader.lsn()
  const endLsn = reader.lsn()
  const time = reader.time()
  reader.finish()
  handler.commit(commitLsn, endLsn, time)
}

function origin(reader: ByteReader, handler: PgOutputHandler): void {
  const lsn = reader.lsn()
  const name = reader.string()
  reader.finish()
  handler.origin(lsn, name)
}

function type(reader: ByteReader, handler: PgOutputHandler): void {
  const oid = reader.uint32()
  const schema = reader.string()
  const name = reader.string()
  reader.finish()
  handler.type(oid, schema, name)
}

/**
 * PostgreSQL 18 sends a stray Stream Abort for a transaction that it never streamed. It means nothing here: of an
 * aborted transaction nothing was sent. xid and subtransaction's xid. Everywhere else it is no message of protocol
 * version 1, and what looks like one is a damaged change: passed over, a row would be lost.
 */
function abort(reader: ByteReader): void {
  reader.uint32()
  reader.uint32()
  reader.finish()
}

function oldRow(buffer: Buffer, start: number, end: number): OldRow {
  const marker = buffer[start + 5]
  if (marker === KEY) return 'K'
  if (marker === OLD) return 'O'
  throw malformed('neither an old nor a new row follows', buffer, start, end, start + 5)
}

function unexpected(buffer: Buffer, start: number, end: number): CdcError {
  if (start >= end) return malformed('it is empty', buffer, start, end, start)
  const code = buffer[start]!
  const letter = code > 0x20 && code < 0x7f ? ` ('${String.fromCharCode(code)}')` : ''
  const message = `The server sent a message of type 0x${code.toString(16).padStart(2, '0')}${letter}, ${end - start} bytes long, which protocol version 1 of pgoutput does not have.`
  return decodeError('PGOUTPUT_UNEXPECTED', { message })
}

function unknownRelation(oid: number): CdcError {
  const message = `A change came for the table with OID ${oid}, which the server has not described on this connection.`
  return decodeError('PGOUTPUT_RELATION_UNKNOWN', { message })
}

function unknownType(oid: number, table: string, column: string): CdcError {
  const message = `Column ${column} of ${table} has the type with OID ${oid}, which is not in the catalog as it was read.`
  return decodeError('TYPE_UNKNOWN', { message, where: { table, column } })
}
