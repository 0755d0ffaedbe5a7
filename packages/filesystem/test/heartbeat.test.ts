import { join } from 'node:path'
import { armFailpoints, type ConfiguredSink } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { afterEach, expect, test } from 'vitest'
import { filesystem } from '../src/index.ts'
import { contextOf, newFolder, opened, put, signal } from './feed.ts'
import { dataFiles, flushedLines } from './flushed.ts'

const sinkWith = (path: string, interval: string): ConfiguredSink =>
  filesystem({
    path,
    format: debeziumJson({ 'heartbeat.interval.ms': interval }),
    'sink.file-name': '${database}/${schema}.${table}.jsonl',
  })
const beats = (folder: string) => flushedLines(join(folder)).filter((line) => /^\{"ts_ms":\d{13}\}$/.test(line))
afterEach(() => armFailpoints(undefined))

test('heartbeats go with flushes, also where nothing happens, to a file of their own, when one is due', async () => {
  const folder = newFolder()
  const sink = await opened(sinkWith(folder, '1h'))
  await sink.flush(undefined, signal)
  expect(dataFiles(folder)).toEqual([])
  await sink.flush('one', signal)
  await put(sink, 'two', [1, 'a'])
  expect(dataFiles(folder)).toEqual(['cdc/cdc.heartbeat.jsonl', 'shop/public.items.jsonl'])
  expect(beats(folder)).toHaveLength(1)
  expect(flushedLines(folder)).toHaveLength(2)
  expect(await sink.position?.()).toBe('two')
})

test('none are written where none are asked for', async () => {
  const folder = newFolder()
  const sink = await opened(sinkWith(folder, '0'))
  await sink.flush('one', signal)
  expect(dataFiles(folder)).toEqual([])
})

test('one whose flush fails is gone with it', async () => {
  const folder = newFolder()
  const sink = sinkWith(folder, '1 ms').create(contextOf())
  await sink.open()
  await sink.flush('one', signal)
  armFailpoints((name) => {
    if (name === 'sink.commit') throw new Error('torn')
  })
  await expect(sink.flush('two', signal)).rejects.toThrow('torn')
  armFailpoints(undefined)
  await sink.close()
  const again = await opened(sinkWith(folder, '1h'))
  expect([await again.position?.(), beats(folder).length]).toEqual(['one', 1])
  await again.flush('two', signal)
  expect(beats(folder)).toHaveLength(2)
})
