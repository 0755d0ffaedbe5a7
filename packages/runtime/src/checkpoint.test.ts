import type { Table } from '@cdc/core'
import { expect, test } from 'vitest'
import { encodeShapes, loadShapes } from './checkpoint.ts'
import { memoryState } from './state/index.ts'

const table = (name: string, comment: string): Table => ({
  schema: 'public',
  name,
  columns: [{ name: 'id', type: { kind: 'int32' }, native: 'integer', comment }],
  key: [0],
  id: 1,
})

test('shapes come back as they were, and a table that is another object has a text of its own', async () => {
  const store = memoryState()('shapes')
  await store.open()
  const [first, second] = [table('a', 'says "no"\n'), table('b', '')]
  await store.save('tables', encodeShapes([first, second]))
  expect([...(await loadShapes(store)).values()]).toEqual([first, second])
  const changed = table('a', 'yes')
  await store.save('tables', encodeShapes([changed, second]))
  expect(await loadShapes(store)).toEqual(
    new Map([
      ['public.a', changed],
      ['public.b', second],
    ]),
  )
  await store.save('tables', encodeShapes([]))
  expect((await loadShapes(store)).size).toBe(0)
})
