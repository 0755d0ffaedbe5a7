import type { ConfiguredSink, StateStoreFactory, Table } from '@cdc/core'
import { MemoryDatabase, MemoryStore, memorySink, memorySource, tableOf } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { pipeline } from './pipeline.ts'
import { memoryState } from './state/index.ts'

const items: Table = { ...tableOf('items', { id: { kind: 'int32' } }, ['id']), id: 1 }

/** What a run saves and flushes, in order, until the row is saved in a checkpoint. */
async function happens(remembers: boolean): Promise<string[]> {
  const events: string[] = []
  const database = new MemoryDatabase()
  database.create(items, [[1]])
  const make = memoryState()
  const stop = new AbortController()
  const state: StateStoreFactory = (name) => {
    const store = make(name)
    const save = store.save.bind(store)
    store.save = async (entry, text) => {
      await save(entry, text)
      events.push(`save ${entry}`)
      if (entry === 'checkpoint' && events.includes('flush')) stop.abort()
    }
    return store
  }
  const made = memorySink({ store: new MemoryStore(), remembers })
  const sink: ConfiguredSink = {
    ...made,
    create: (context) => {
      const one = made.create(context)
      const flush = one.flush.bind(one)
      one.flush = async (position, signal) => {
        await flush(position, signal)
        if (position !== undefined) events.push('flush')
      }
      return one
    },
  }
  await pipeline({ name: 'test', source: memorySource({ database }), sinks: [sink], state }).run(stop.signal)
  return events.slice(0, events.indexOf('flush') + 3)
}

test('the shapes of rows are saved before a sink that remembers its position is told to keep them', async () => {
  expect(await happens(true)).toEqual(['save checkpoint', 'save tables', 'flush', 'save checkpoint'])
})

test('a sink that does not remember goes on from the checkpoint, before which the shapes are saved', async () => {
  expect(await happens(false)).toEqual(['save checkpoint', 'flush', 'save tables', 'save checkpoint'])
})
