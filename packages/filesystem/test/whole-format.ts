import {
  type Cell,
  type Change,
  choice,
  type Decoder,
  defineErrors,
  defineFormat,
  defineOptions,
  type EncodedRecord,
  isTableChange,
  type Origin,
  type RowChange,
  type Table,
  type Truncate,
  tableName,
  text,
} from '@cdc/core'

const options = defineOptions({
  refuse: text({ doc: 'A cell that cannot be written.' }),
  tombstones: choice(['none', 'after', 'only'], { doc: 'How deletes are written.', default: 'none' }),
})

/** JSON that keeps everything of a change, the shape of its table too: what a file of it holds can be told by itself. */
export const wholeFormat = defineFormat({
  name: 'whole',
  description: 'Keeps everything. For tests.',
  options,
  holds: () => 'retract',
  create: ({ tombstones, refuse }) => ({
    encoder: async (table) => {
      const shape = JSON.stringify(table)
      return { encode: (change) => encode(refused(change, refuse), shape, tombstones) }
    },
    boundaries: async () => ({
      encode: (change) => [{ key: null, value: JSON.stringify({ kind: change.kind }), destination: 'transaction' }],
    }),
    decoder: async () => new WholeDecoder(),
  }),
})

function refused<C extends RowChange | Truncate>(change: C, cell: string | undefined): C {
  if (cell === undefined || !('after' in change) || !change.after.includes(cell)) return change
  throw wholeError('WHOLE_UNREADABLE', { message: 'A cell cannot be written.' })
}

function encode(change: RowChange | Truncate, shape: string, tombstones: string): EncodedRecord[] {
  const { kind, table } = change
  const cells = 'after' in change ? change.after : 'before' in change ? change.before : []
  const key = JSON.stringify(table.key.map((index) => written(cells[index])))
  const tombstone: EncodedRecord = { key, value: null, destination: 'table' }
  if (kind === 'delete' && tombstones === 'only') return [tombstone]
  const rows = {
    before: 'before' in change ? change.before?.map(written) : undefined,
    after: 'after' in change ? change.after.map(written) : undefined,
  }
  const text = `{"table":${shape},"row":${JSON.stringify({ kind, ...rows })}}`
  const record: EncodedRecord = { key, value: text, headers: { kind }, destination: 'table' }
  return kind === 'delete' && tombstones === 'after' ? [record, tombstone] : [record]
}

type Written = string | null | boolean | [string, string] | { a: Written[] }

function written(cell: Cell): Written {
  if (cell === null || typeof cell === 'boolean' || typeof cell === 'string') return cell
  if (cell === undefined) return ['undefined', '']
  if (typeof cell === 'number') return ['number', Object.is(cell, -0) ? '-0' : String(cell)]
  if (typeof cell === 'bigint') return ['bigint', String(cell)]
  if (cell instanceof Uint8Array) return ['bytes', Buffer.from(cell).toString('hex')]
  return { a: cell.map(written) }
}

function read(cell: Written): Cell {
  if (cell === null || typeof cell !== 'object') return cell
  if ('a' in cell) return cell.a.map(read)
  const [kind, text] = cell
  if (kind === 'number') return Number(text)
  if (kind === 'bigint') return BigInt(text)
  return kind === 'bytes' ? new Uint8Array(Buffer.from(text, 'hex')) : undefined
}

const origin: Origin = {
  transaction: { connector: 'whole', database: 'whole', commitTime: 1_700_000_000_000_000n, commit: 0n },
  offset: 0n,
  order: 0,
}

const wholeError = defineErrors({
  WHOLE_UNREADABLE: { kind: 'data', cause: 'The line is none of the format.', cure: 'Look at it.' },
})

function parsed(value: Uint8Array) {
  try {
    const read = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value))
    if (read.table !== undefined && read.row !== undefined) return read
  } catch {
    // said below, without the line itself
  }
  throw wholeError('WHOLE_UNREADABLE', { message: 'There is no table and no row in it.' })
}

class WholeDecoder implements Decoder {
  readonly #tables = new Map<string, Table>()

  decode(_key: Uint8Array | null, value: Uint8Array | null): Change[] {
    if (value === null) return []
    const { table: shape, row } = parsed(value)
    const text = JSON.stringify(shape)
    if (!this.#tables.has(text)) this.#tables.set(text, shape)
    const table = this.#tables.get(text)!
    const old = row.before === undefined ? {} : { before: row.before.map(read) }
    const after = row.after === undefined ? {} : { after: row.after.map(read) }
    return [{ kind: row.kind, table, ...old, ...after, origin }]
  }
}

/** Changes of one table. */
export function ofTable(changes: readonly Change[], table: Pick<Table, 'schema' | 'name'>): Change[] {
  return changes.filter((change) => isTableChange(change) && tableName(change.table) === tableName(table))
}
