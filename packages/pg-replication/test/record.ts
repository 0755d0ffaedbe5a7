import type { PgOutputHandler, Relation } from '../src/index.ts'

/** What a decoder called, in order: the method's name and its arguments, relations by their name. */
export type Call = readonly unknown[]

export function recorder(): {
  readonly calls: Call[]
  readonly relations: Relation[]
  readonly handler: PgOutputHandler
} {
  const calls: Call[] = []
  const relations: Relation[] = []
  const shown = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'columns' in value ? (value as Relation).name : value
  const note =
    (name: string) =>
    (...values: unknown[]) =>
      void calls.push([
        name,
        ...values.map((value) => (name === 'truncate' && Array.isArray(value) ? value.map(shown) : shown(value))),
      ])
  const handler: PgOutputHandler = {
    begin: note('begin'),
    commit: note('commit'),
    relation: (relation) => {
      relations.push(relation)
      calls.push(['relation', relation.name])
    },
    insert: note('insert'),
    update: note('update'),
    delete: note('delete'),
    truncate: note('truncate'),
    message: note('message'),
    origin: note('origin'),
    type: note('type'),
  }
  return { calls, relations, handler }
}
