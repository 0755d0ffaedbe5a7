/** Writes pgoutput messages, for tests and benchmarks: the server's side of the layout, from its description alone. */
export type TupleCell = string | Buffer | null | undefined

export type Message =
  | { type: 'B'; commitLsn: bigint; time: bigint; xid: number }
  | { type: 'C'; flags: number; commitLsn: bigint; endLsn: bigint; time: bigint }
  | { type: 'O'; lsn: bigint; name: string }
  | { type: 'R'; oid: number; schema: string; name: string; identity: string; columns: readonly ColumnFields[] }
  | { type: 'Y'; oid: number; schema: string; name: string }
  | { type: 'I'; oid: number; row: readonly TupleCell[] }
  | { type: 'U'; oid: number; kind?: 'K' | 'O'; before?: readonly TupleCell[]; row: readonly TupleCell[] }
  | { type: 'D'; oid: number; kind: 'K' | 'O'; before: readonly TupleCell[] }
  | { type: 'T'; flags: number; oids: readonly number[] }
  | { type: 'M'; flags: number; lsn: bigint; prefix: string; content: Uint8Array }
  | { type: 'A'; xid: number; subxid: number; lsn?: bigint; time?: bigint }

export interface ColumnFields {
  readonly flags: number
  readonly name: string
  readonly oid: number
  readonly typmod: number
}

/** The message's bytes. Times count from 2000, as on the wire. */
export function encode(message: Message): Buffer {
  return Buffer.concat([Buffer.from(message.type), ...body(message)])
}

function body(message: Message): Buffer[] {
  switch (message.type) {
    case 'B':
      return [int64(message.commitLsn), int64(message.time), int32(message.xid)]
    case 'C':
      return [byte(message.flags), int64(message.commitLsn), int64(message.endLsn), int64(message.time)]
    case 'O':
      return [int64(message.lsn), name(message.name)]
    case 'R':
      return [
        ...[int32(message.oid), name(message.schema), name(message.name), Buffer.from(message.identity)],
        ...[int16(message.columns.length), ...message.columns.flatMap(column)],
      ]
    case 'Y':
      return [int32(message.oid), name(message.schema), name(message.name)]
    case 'I':
      return [int32(message.oid), Buffer.from('N'), ...tuple(message.row)]
    case 'U':
      return [
        int32(message.oid),
        ...(message.kind === undefined ? [] : [Buffer.from(message.kind), ...tuple(message.before!)]),
        ...[Buffer.from('N'), ...tuple(message.row)],
      ]
    case 'D':
      return [int32(message.oid), Buffer.from(message.kind), ...tuple(message.before)]
    case 'T':
      return [int32(message.oids.length), byte(message.flags), ...message.oids.map(int32)]
    case 'M':
      return [
        ...[byte(message.flags), int64(message.lsn), name(message.prefix)],
        ...[int32(message.content.length), Buffer.from(message.content)],
      ]
    case 'A':
      return [
        ...[int32(message.xid), int32(message.subxid)],
        ...(message.lsn === undefined ? [] : [int64(message.lsn), int64(message.time!)]),
      ]
  }
}

function tuple(cells: readonly TupleCell[]): Buffer[] {
  return [int16(cells.length), ...cells.flatMap(cell)]
}

function cell(value: TupleCell): Buffer[] {
  if (value === null) return [Buffer.from('n')]
  if (value === undefined) return [Buffer.from('u')]
  const bytes = Buffer.from(value as string)
  return [Buffer.from('t'), int32(bytes.length), bytes]
}

function column(fields: ColumnFields): Buffer[] {
  return [byte(fields.flags), name(fields.name), int32(fields.oid), int32(fields.typmod)]
}

const name = (text: string) => Buffer.from(`${text}\0`)
const byte = (value: number) => Buffer.of(value)

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2)
  buffer.writeUInt16BE(value)
  return buffer
}

/** Signed and unsigned alike. */
function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value | 0)
  return buffer
}

function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(BigInt.asUintN(64, value))
  return buffer
}
