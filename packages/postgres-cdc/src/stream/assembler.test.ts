import type { Relation } from '@cdc/pg-replication'
import { expect, test } from 'vitest'
import { Assembler } from './assembler.ts'

const relation: Relation = { oid: 1, schema: 'public', name: 'items', identity: 'default', columns: [] }
const table = { schema: 'public', name: 'items', columns: [], key: [] }

function assembler(start: bigint, cut = 0n) {
  const made = new Assembler({
    connector: 'postgres-cdc',
    database: 'shop',
    wants: { message: false, transaction: false },
    limits: { rows: 100, bytes: 1_000_000 },
    skipped: new Set(),
    keepMessage: () => true,
    start,
    previousCommit: undefined,
    position: String,
    announced: () => undefined,
    truncated: () => [],
    decodedBytes: () => 0,
  })
  made.route(1, { table, places: undefined, cut, announce: undefined })
  return made
}

function transaction(into: Assembler, commit: bigint, end: bigint, rows: number): void {
  into.begin(1, commit, 0n)
  for (let i = 0; i < rows; i++) into.insert(relation, [i])
  into.commit(commit, end)
}

test('a transaction that was read in an earlier run leaves nothing but its end, should the server send it again', () => {
  const made = assembler(100n)
  transaction(made, 99n, 100n, 2)
  expect(made.takeWhole()).toBeUndefined()
  expect(made.end).toBe(100n)
  transaction(made, 100n, 130n, 1)
  expect(made.takeWhole()).toMatchObject({ position: '130', changes: [{ kind: 'insert' }] })
})

test('a change that commits before the cut of its table is in the snapshot, and the one at the cut is not', () => {
  const made = assembler(10n, 50n)
  transaction(made, 49n, 50n, 2)
  transaction(made, 50n, 60n, 1)
  expect(made.takeWhole()?.changes).toHaveLength(1)
})
