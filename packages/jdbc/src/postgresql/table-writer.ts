import { type Cell, type Column, type Row, type Table, tableName } from '@cdc/core'
import { error } from '../errors.ts'
import type { Target } from './catalog.ts'
import { cellText } from './cell-text.ts'
import { type CopyColumn, copyColumn } from './copy-encoder.ts'
import { TableStatements } from './statements.ts'
import { isTextual } from './types.ts'

/** One column that is written: the source's, with its place in a row. */
export interface WrittenColumn {
  readonly index: number
  readonly name: string
  readonly isKey: boolean
  readonly copy: CopyColumn
  /** The text of a parameter. */
  readonly text: (cell: Cell) => string | null
}

/**
 * What is known of one source table and its target, and all that is compiled from that. A new one is made whenever
 * the shape changes.
 */
export class TableWriter {
  readonly table: Table
  readonly target: Target
  readonly label: string
  /** Those of the target's columns that are not generated there. */
  readonly columns: readonly WrittenColumn[]
  readonly keys: readonly WrittenColumn[]
  /** Can two keys whose texts differ be equal at the target? Then order matters between keys too. */
  readonly looseKey: boolean
  readonly statements: TableStatements
  /** Are its staging tables there? */
  staged = false
  /** Has another one taken its place? */
  stale = false
  readonly keyOf: (row: Row) => unknown

  constructor(table: Table, target: Target) {
    this.table = table
    this.target = target
    this.label = tableName(table)
    const known = new Map(target.columns.map((column) => [column.name, column]))
    const written = (column: Column, index: number): WrittenColumn => {
      const there = known.get(column.name)!
      const text = cellText(column.type, isTextual(there), column.native)
      return {
        index,
        name: column.name,
        isKey: table.key.includes(index),
        copy: copyColumn(column, index, isTextual(there)),
        text: (cell) => (cell === null || cell === undefined ? null : text(cell)),
      }
    }
    const all = table.columns.map(written)
    this.columns = all.filter(({ name }) => !known.get(name)!.generated)
    this.keys = table.key.map((index) => all[index]!)
    this.looseKey = this.keys.some(({ index }) => isLoose(table.columns[index]!))
    this.statements = new TableStatements(this, arbiter(this.keys, target))
    this.keyOf = keyReader(table)
  }

  /** Can rows be given to it by COPY? */
  get copies(): boolean {
    return !this.target.guarded
  }

  /** Throws where the source has no key: asked before an update or delete. */
  needKey(): void {
    if (this.keys.length === 0)
      throw error('KEY_MISSING', {
        message: `${this.label} has no primary key, and a change of a row there came: please declare primary key for sink table when query contains update/delete record.`,
        where: { table: this.label },
      })
  }
}

function arbiter(keys: readonly WrittenColumn[], target: Target): ReadonlyMap<string, string> {
  if (keys.length === 0) return new Map()
  const names = new Set(keys.map(({ name }) => name))
  const index = target.indexes.find(
    ({ columns }) => columns.size === names.size && [...columns.keys()].every((name) => names.has(name)),
  )
  if (index !== undefined) return index.columns
  const list = [...names].join(', ')
  throw error('KEY_UNPROVEN', {
    message: `The target ${target.schema}.${target.name} has no unique index on exactly the columns of the key: ${list}.`,
    hint: `Run at the target: ALTER TABLE ${target.sql} ADD PRIMARY KEY (${[...names].map((name) => `"${name.replaceAll('"', '""')}"`).join(', ')})`,
    where: { table: `${target.schema}.${target.name}` },
  })
}

const strict = new Set([
  'boolean',
  'int16',
  'int32',
  'int64',
  'uuid',
  'bytes',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'enum',
])

/** Numbers like 1.0 and 1.00, and texts under some collations, are equal and do not look so. */
function isLoose(column: Column): boolean {
  if (strict.has(column.type.kind)) return false
  return column.type.kind !== 'string' || /citext/.test(column.native)
}

/** What tells rows apart in a Map: the cell itself where it is one that a Map compares rightly, else a text. */
function keyReader(table: Table): (row: Row) => unknown {
  const part = (index: number) => {
    const { kind } = table.columns[index]!.type
    if (kind === 'bytes') return (row: Row) => Buffer.from(row[index] as Uint8Array).toString('latin1')
    if (kind === 'array')
      return (row: Row) => JSON.stringify(row[index], (_, cell) => (typeof cell === 'bigint' ? `${cell}` : cell))
    return (row: Row) => row[index]
  }
  const parts = table.key.map(part)
  if (parts.length === 1) return parts[0]!
  return (row) => parts.map((read) => String(read(row)).replaceAll('\u0001', '\u0001\u0001')).join('\u0001,')
}
