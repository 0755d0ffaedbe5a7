import type { Relation } from '@cdc/pg-replication'
import { expect, test } from 'vitest'
import type { LastCommit } from '../position.ts'
import { Assembler } from './assembler.ts'
import { Continuation } from './continuation.ts'

const relation: Relation = { oid: 1, schema: 'public', name: 'items', identity: 'default', columns: [] }
const table = { schema: 'public', name: 'items', columns: [], key: [] }

function assembler(start: bigint, cut = 0n, confirmed?: bigint, last?: LastCommit) {
  const made = new Assembler({
    connector: 'postgres-cdc',
    database: 'shop',
    wants: { message: false, transaction: false },
    limits: { rows: 100, bytes: 1_000_000 },
    skipped: new Set(),
    keepMessage: () => true,
    start,
    previousCommit: undefined,
    last,
    continuation: new Continuation(start, confirmed, last),
    position: String,
    announced: () => undefined,
    truncated: () => [],
    decodedBytes: () => 0,
  })
  made.route(1, { table, places: undefined, cut, announce: undefined })
  return made
}

function transaction(into: Assembler, commit: bigint, end: bigint, rows: number, time = 0n): void {
  into.begin(1, commit, time)
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

const last = { commit: 90n, time: 5n }

test('what the server sends again is what the position holds, and then its log is the one that was read', () => {
  const made = assembler(100n, 0n, 80n, last)
  transaction(made, 85n, 86n, 1, 4n)
  transaction(made, 90n, 91n, 1, 5n)
  // empty transactions tell nothing
  transaction(made, 95n, 96n, 0, 6n)
  expect(made.end).toBe(100n)
  transaction(made, 100n, 101n, 1, 7n)
  expect(made.last).toEqual({ commit: 100n, time: 7n })
  expect(made.takeWhole()?.changes).toHaveLength(1)
})

test.each([
  ['is not there', [[85n, 4n]]],
  ['has another time', [[90n, 6n]]],
  [
    'is followed by another',
    [
      [90n, 5n],
      [95n, 6n],
    ],
  ],
  ['has moved', [[91n, 5n]]],
] as const)('a log in which the last commit %s is another one', (_, commits) => {
  const made = assembler(100n, 0n, 80n, last)
  for (const [commit, time] of commits) transaction(made, commit, commit + 1n, 1, time)
  expect(() => made.begin(1, 100n, 9n)).toThrow(expect.objectContaining({ code: 'SERVER_RESTORED' }))
})

test('nothing but empty transactions may come again where the last commit lies before the slot', () => {
  const quiet = assembler(100n, 0n, 95n, last)
  transaction(quiet, 96n, 97n, 0, 6n)
  quiet.begin(1, 100n, 9n)
  const other = assembler(100n, 0n, 95n, last)
  transaction(other, 96n, 97n, 1, 6n)
  expect(() => other.begin(1, 100n, 9n)).toThrow(expect.objectContaining({ code: 'SERVER_RESTORED' }))
})

test('a position of before last commits were kept proves nothing and is gone on from', () => {
  const made = assembler(100n, 0n, 80n)
  transaction(made, 85n, 86n, 1, 4n)
  transaction(made, 100n, 101n, 1, 7n)
  expect(made.takeWhole()?.changes).toHaveLength(1)
})
