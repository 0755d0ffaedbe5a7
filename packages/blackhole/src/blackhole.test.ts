import { silentLogger } from '@cdc/core'
import { expect, test } from 'vitest'
import { blackhole } from './blackhole.ts'

test('takes everything, and says how much when it closes', async () => {
  const said: object[] = []
  const logger = { ...silentLogger, info: (fields: object) => void said.push(fields) }
  const context = { pipeline: 'p', sink: 'hole', logger, report() {}, describePosition: String }
  const sink = blackhole({}).create(context)
  const table = { schema: 'public', name: 't', columns: [], key: [] }
  const transaction = { connector: 'test', database: 'd', commitTime: 0n, commit: 1n }
  const origin = { transaction, offset: 1n, order: 0 }
  const signal = new AbortController().signal
  await sink.open()
  const changes = [{ kind: 'schema', table, origin } as const, { kind: 'insert', table, after: [], origin } as const]
  await sink.write({ changes, position: '1', bytes: 1 }, signal)
  await sink.write({ changes: [], position: '2', bytes: 0 }, signal)
  await sink.flush('2', signal)
  await sink.close()
  expect(said).toEqual([{ sink: 'hole', batches: 2, changes: 2, rows: 1 }])
})
