import {
  type ComparedColumn,
  type ComparedForm,
  type ComparedTable,
  type DataType,
  type Table,
  tableName,
} from '@cdc/core'
import { error } from '../errors.ts'

type Types = ReadonlyMap<string, string>

/** Both sides of a table, to be compared by the same columns. */
export interface TablePair {
  readonly source: ComparedTable
  readonly target: ComparedTable
}

/** What the two sides have in common. `target`: the table as the sink sees it. Throws where a column is missing there. */
export function pairOf(source: Table, target: Table, sourceTypes: Types, targetTypes: Types): TablePair {
  const columns = source.columns.map(({ name, type }): ComparedColumn => {
    const there = targetTypes.get(name)
    if (there === undefined)
      throw error('VERIFY_IMPOSSIBLE', {
        message: `The target of ${tableName(source)} has no column '${name}'.`,
        hint: 'Let the pipeline run until it has followed the change of the table; see `cdc plan`.',
        where: { table: tableName(source), column: name },
      })
    const here = sourceTypes.get(name) ?? there
    return { name, form: formOf(type, here, there), order: hasOwnOrder(type, here, there) ? 'own' : 'bytes' }
  })
  const both = { columns, key: source.key }
  return { source: { table: source, ...both }, target: { table: target, ...both } }
}

const numbers = new Set(['int16', 'int32', 'int64', 'decimal'])
const blank = /^(bpchar|character)\b/

function formOf({ kind }: DataType, here: string, there: string): ComparedForm {
  if (blank.test(here) || blank.test(there)) return 'trimmed'
  // 1.50 in a column of one scale is 1.5 in another
  if (numbers.has(kind) && here !== 'money' && there !== 'money') return 'number'
  if (here === there) return there === 'jsonb' ? 'json' : 'text'
  if (kind === 'json' || there === 'jsonb') return 'json'
  return kind === 'date' || kind === 'timestamp' || kind === 'timestamptz' ? 'timestamp' : 'text'
}

const ownOrders = new Set(['int16', 'int32', 'int64', 'decimal', 'uuid', 'bytes', 'boolean', 'date', 'timestamp'])

/** Collations and labels of enums may order otherwise on the other server; these never do. */
function hasOwnOrder({ kind }: DataType, here: string, there: string): boolean {
  if (!ownOrders.has(kind) && kind !== 'timestamptz') return false
  return here === there || (numbers.has(kind) && /^(smallint|integer|bigint|numeric)/.test(there))
}
