import { cellCode, rowOverhead } from '../values/cell-code.ts'
import { type ValueParser, valueParser } from '../values/value-parser.ts'
import type { Relation } from './relation.ts'

/** What reading a table's rows needs, made once a Relation message. */
export interface TuplePlan {
  readonly relation: Relation
  readonly codes: Uint8Array
  readonly parsers: readonly ValueParser[]
  /** A row of nulls: copying it is the cheapest way to an array without holes. */
  readonly template: readonly null[]
  readonly overhead: number
}

export function tuplePlan(relation: Relation): TuplePlan {
  const { columns } = relation
  return {
    relation,
    codes: Uint8Array.from(columns, (column) => cellCode(column.type)),
    parsers: columns.map((column) => valueParser(column.type, column.delimiter)),
    template: columns.map(() => null),
    overhead: rowOverhead(columns.map((column) => column.type)),
  }
}
