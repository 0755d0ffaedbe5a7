import type { Random } from '@cdc/testkit'
import { samplesOf } from '../../../packages/pg-replication/test/type-corpus.ts'
import { randomValues } from './random-values.ts'

/** A column of one of the two tables. */
interface ProofColumn {
  readonly name: string
  readonly type: string
  readonly value: (random: Random) => string
}

export interface ProofTable {
  readonly name: 'scalars' | 'arrays'
  readonly columns: readonly ProofColumn[]
}

/** Domains have array types from PostgreSQL 11 on. */
const withoutArray = (type: string, version: number) => version < 11 && /posint|money2|deep|vc5|ints|Moods/.test(type)

/** A table with a column of every type that this version has, and one with a column of every array type. */
export function proofTables(version: number): ProofTable[] {
  const samples = samplesOf(version)
  const one = (type: string, edges: readonly string[]) => (random: Random) => {
    const generator = randomValues[type]
    return `(${generator === undefined || random.chance(0.3) ? random.pick(edges) : generator(random)})::${type}`
  }
  const scalars = samples.map(({ type, values }, i) => ({ name: `c${i}`, type, value: nullable(one(type, values)) }))
  const arrays = samples.flatMap(({ type, values, alone }, i) =>
    alone || withoutArray(type, version)
      ? []
      : [{ name: `c${i}`, type: `${type}[]`, value: nullable(arrayOf(type, one(type, values))) }],
  )
  return [
    { name: 'scalars', columns: scalars },
    { name: 'arrays', columns: arrays },
  ]
}

const nullable = (value: (random: Random) => string) => (random: Random) =>
  random.chance(0.1) ? 'NULL' : value(random)

/** Of one dimension or two, with nulls; an array of arrays must be even. */
function arrayOf(type: string, element: (random: Random) => string): (random: Random) => string {
  return (random) => {
    const width = random.int(0, 3)
    const list = () =>
      `ARRAY[${Array.from({ length: width }, () => (random.chance(0.2) ? 'NULL' : element(random))).join(', ')}]::${type}[]`
    if (width === 0 || random.chance(0.7)) return list()
    return `ARRAY[${Array.from({ length: random.int(1, 3) }, list).join(', ')}]`
  }
}

/** Both tables, with whole old rows in the log. */
export function createStatements(tables: readonly ProofTable[]): string {
  return tables
    .map(({ name, columns }) => {
      const list = columns.map((column) => `${column.name} ${column.type}`).join(', ')
      return `CREATE TABLE public.${name} (id int PRIMARY KEY, ${list}); ALTER TABLE public.${name} REPLICA IDENTITY FULL`
    })
    .join(';\n')
}

/** Rows 1 to `count` of a table. */
export function insertStatements(random: Random, { name, columns }: ProofTable, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const cells = columns.map(({ value }) => value(random))
    return `INSERT INTO public.${name} VALUES (${i + 1}, ${cells.join(', ')})`
  })
}
