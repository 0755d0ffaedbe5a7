import {
  type Cell,
  type Change,
  canonicalFault,
  choice,
  type Decoder,
  defineFormat,
  defineOptions,
  type EncodedRecord,
  type Encoder,
  type Format,
  type FormatDefinition,
  type Origin,
  type Row,
  type RowChange,
  type Table,
  type Truncate,
} from '@cdc/core'
import { testkitError } from '../errors.ts'

const options = defineOptions({
  holds: choice(['append', 'upsert', 'retract'], { doc: 'What kinds of rows it writes down.', default: 'retract' }),
})

/**
 * A format that keeps everything: JSON in which each cell is told by its type. For tests of sinks and sources that
 * take any format, and the model of what `formatConformance` asks.
 */
export const memoryFormat: FormatDefinition<typeof options.fields> = defineFormat({
  name: 'memory',
  description: 'Writes every change down as it is. For tests.',
  options,
  holds: (values) => values.holds,
  create: (values) => new MemoryFormat(values.holds === 'upsert'),
})

class MemoryFormat implements Format {
  /** Deletes are tombstones, and old rows are left out. */
  readonly #upsert: boolean

  constructor(upsert: boolean) {
    this.#upsert = upsert
  }

  async encoder(table: Table): Promise<Encoder> {
    return { encode: (change) => this.#encode(table, change) }
  }

  async decoder(table?: Table): Promise<Decoder> {
    if (table === undefined)
      throw testkitError('MEMORY_DECODE', {
        message: 'The memory format cannot tell the shape of rows; it must be given.',
      })
    return { decode: (key, value) => decode(table, key, value).map(checked) }
  }

  #encode(table: Table, change: RowChange | Truncate): EncodedRecord[] {
    const { kind } = change
    if (kind === 'truncate') return [{ key: null, value: JSON.stringify({ kind }), destination: 'table' }]
    const before = 'before' in change ? change.before : undefined
    const row = kind === 'delete' ? change.before : change.after
    const key = keyText(table, row)
    if (this.#upsert && kind === 'delete') return [{ key, value: null, destination: 'table' }]
    const moved = before !== undefined && key !== keyText(table, before)
    const text = JSON.stringify({
      kind,
      before: before === undefined || (this.#upsert && !moved) ? undefined : before.map(written),
      after: kind === 'delete' ? undefined : change.after.map(written),
    })
    return [{ key, value: text, destination: 'table' }]
  }
}

function keyText(table: Table, row: Row): string | null {
  return table.key.length === 0 ? null : JSON.stringify(table.key.map((index) => written(row[index])))
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

function rowOf(written: unknown): Row | undefined {
  if (written === undefined) return undefined
  try {
    return (written as readonly Written[]).map(read)
  } catch (cause) {
    throw testkitError('MEMORY_DECODE', { message: 'A record has a row that is none.', cause })
  }
}

function checked(change: Change): Change {
  for (const row of ['before' in change ? change.before : undefined, 'after' in change ? change.after : undefined]) {
    if (row === undefined || !('table' in change)) continue
    const { columns } = change.table
    const fits =
      row.length === columns.length && columns.every(({ type }, i) => canonicalFault(row[i], type) === undefined)
    if (!fits)
      throw testkitError('MEMORY_DECODE', { message: `A record has a row that is none of ${change.table.name}.` })
  }
  return change
}

const nowhere: Origin = {
  transaction: { connector: 'memory', database: '', commitTime: 0n, commit: 0n },
  offset: 0n,
  order: 0,
}

function decode(table: Table, key: Uint8Array | null, value: Uint8Array | null): Change[] {
  if (value === null) {
    const cells = key === null ? [] : (rowOf(parsed(key)) ?? [])
    const before: Cell[] = table.columns.map(() => undefined)
    for (const [place, index] of table.key.entries()) before[index] = cells[place] ?? null
    return cells.length === 0 ? [] : [{ kind: 'delete', table, before, origin: nowhere }]
  }
  const { kind, ...rows } = parsed<{ kind: string; before?: Written[]; after?: Written[] } | null>(value) ?? {
    kind: '',
  }
  const [before, after] = [rowOf(rows.before), rowOf(rows.after)]
  if (kind === 'truncate') return [{ kind, table, origin: nowhere }]
  const old = before === undefined ? {} : { before }
  if (kind === 'insert' && after !== undefined) return [{ kind, table, after, origin: nowhere }]
  if (kind === 'update' && after !== undefined) return [{ kind, table, ...old, after, origin: nowhere }]
  if (kind === 'delete' && before !== undefined) return [{ kind, table, before, origin: nowhere }]
  throw testkitError('MEMORY_DECODE', { message: 'A record has no kind that the memory format writes.' })
}

function parsed<T>(bytes: Uint8Array): T {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    // the parser's own message would quote the record
    const name = cause instanceof Error ? cause.name : 'error'
    throw testkitError('MEMORY_DECODE', { message: `A record cannot be read: ${name} in its ${bytes.length} bytes.` })
  }
}
