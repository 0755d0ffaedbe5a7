import { type PostgresServer, startPostgres } from '@cdc/servers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MB } from '../src/bound.ts'
import {
  largeCell,
  manyColumns,
  manyTables,
  type Outcome,
  reconnects,
  snapshot,
  stoppedSink,
  tolerance,
  transaction,
} from '../src/cases.ts'

/** Smaller than `pnpm test:memory`, and large enough that what is not bounded shows. */
const sizes = { rows: 200_000, cell: 20 * MB, seconds: 3, tables: 150, columns: 1600, reconnects: 40 }

let server: PostgresServer

beforeAll(async () => {
  server = await startPostgres({ version: 15, settings: { synchronous_commit: 'off', max_wal_size: '4GB' } })
})
afterAll(() => server?.stop())

const timeout = 600_000

function expectBounded({ peak, bound }: Outcome): void {
  expect(peak).toBeGreaterThan(50 * MB)
  expect(peak / MB).toBeLessThan(bound / MB)
}

test('a snapshot of many rows', { timeout }, async () => {
  expectBounded(await snapshot(server, 'jdbc', sizes.rows))
})

test('a transaction of many rows', { timeout }, async () => {
  expectBounded(await transaction(server, 'filesystem', sizes.rows))
})

test('large cells', { timeout }, async () => {
  expectBounded(await largeCell(server, 'filesystem', 'text to be escaped', sizes.cell))
  expectBounded(await largeCell(server, 'jdbc', 'bytea', sizes.cell))
})

test('a target that takes nothing for a while', { timeout }, async () => {
  expectBounded(await stoppedSink(server, sizes.seconds))
})

test('many tables, and a table of many columns', { timeout }, async () => {
  expectBounded(await manyTables(server, 'filesystem', sizes.tables))
  expectBounded(await manyColumns(server, 'jdbc', sizes.columns, 300))
})

test('connections that break again and again leave nothing behind', { timeout }, async () => {
  const outcome = await reconnects(server, sizes.reconnects)
  expectBounded(outcome)
  expect((outcome.second - outcome.first) / MB).toBeLessThan(tolerance / MB)
})
