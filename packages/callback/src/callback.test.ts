import { type Batch, CdcError, type Sink, silentLogger } from '@cdc/core'
import { expect, test } from 'vitest'
import { callback } from './callback.ts'
import { callbackError } from './errors.ts'

const context = { pipeline: 'p', sink: 'mine', logger: silentLogger, report() {}, describePosition: String }
const make = (options: Parameters<typeof callback>[0]): Sink => callback(options).create(context)
const batch: Batch = { changes: [], position: '1', bytes: 0 }
const { signal } = new AbortController()
const noted = () => {
  const calls: unknown[][] = []
  const note =
    (name: string) =>
    (...all: unknown[]) =>
      void calls.push([name, ...all])
  return { calls, note }
}

test('calls the functions with what the runtime gave, in its order', async () => {
  const { calls, note } = noted()
  const [onOpen, onBatch, onFlush, onClose] = [note('open'), note('batch'), note('flush'), note('close')]
  const sink = make({ onOpen, onBatch, onFlush, onClose, position: () => '0' })
  await sink.open()
  expect(await sink.position?.()).toBe('0')
  await sink.write(batch, signal)
  await sink.flush('1', signal)
  await sink.flush('2', signal)
  await sink.close()
  expect(calls).toEqual([
    ['open'],
    ['batch', batch, signal],
    ['flush', '1', signal, '0'],
    ['flush', '2', signal, '1'],
    ['close'],
  ])
})

test('a flush in the middle of a table is not handed on, since nothing may be acknowledged then', async () => {
  const { calls, note } = noted()
  const sink = make({ onBatch() {}, onFlush: note('flush') })
  await sink.open()
  await sink.flush(undefined, signal)
  expect(calls).toEqual([])
})

test('onClose is not called for what was never opened', async () => {
  const { calls, note } = noted()
  await make({ onBatch() {}, onClose: note('close') }).close()
  expect(calls).toEqual([])
})

test('a function that was called off is waited for before onClose', async () => {
  const { calls, note } = noted()
  const work = Promise.withResolvers<void>()
  const stop = new AbortController()
  const sink = make({ onBatch: () => work.promise.then(note('batch')), onClose: note('close') })
  await sink.open()
  const writing = sink.write(batch, stop.signal)
  stop.abort(new Error('called off'))
  await expect(writing).rejects.toThrow('called off')
  const closing = sink.close()
  work.resolve()
  await closing
  expect(calls.map(([name]) => name)).toEqual(['batch', 'close'])
})

test('what a function throws is coded, without its message, and kept as the cause', async () => {
  const thrown = Object.assign(new TypeError('of the row with secret 42'), { code: 'ECONNRESET' })
  const failing = () => {
    throw thrown
  }
  const failure = await make({ onBatch: failing }).write(batch, signal).catch(CdcError.from)
  expect(failure).toMatchObject({ code: 'CALLBACK_FAILED', kind: 'config', cause: thrown })
  expect((failure as CdcError).message).toBe("The function given as 'onBatch' threw TypeError ECONNRESET.")
  const sink = make({ onBatch() {}, onFlush: failing, retriable: (error) => error === thrown })
  await expect(sink.flush('1', signal)).rejects.toMatchObject({ code: 'CALLBACK_RETRY', kind: 'rewind' })
})

test('a coded error of the program keeps its code', async () => {
  const own = callbackError('CALLBACK_CONFLICT', { message: 'Mine.' })
  const sink = make({ onBatch: () => Promise.reject(own), retriable: () => true })
  await expect(sink.write(batch, signal)).rejects.toBe(own)
})

test.for<[Record<string, unknown>, string]>([
  [{}, "Option 'onBatch' is required"],
  [{ onBatch: 'print' }, "Option 'onBatch' must be a function."],
  [{ onBatch() {}, position() {} }, "Option 'position' needs 'onFlush'"],
  [{ onBatch() {}, takes: ['everything'] }, "Option 'takes' must be a list of message, transaction"],
  [{ onBatch() {}, onflush() {} }, "Did you mean 'onFlush'?"],
])('refuses %o', ([options, text]) => {
  expect(() => callback(options as never)).toThrow(text)
})

test('declares what its options say', () => {
  const { capabilities } = callback({ onBatch() {}, accepts: 'append', wholeRows: true, takes: ['message'] })
  expect(capabilities).toMatchObject({ accepts: 'append', wholeRows: true, takes: ['message'], remembers: false })
  const once = callback({ onBatch() {}, onFlush() {}, position: () => undefined })
  expect(once.capabilities).toMatchObject({ accepts: 'upsert', remembers: true, atomicTables: true })
})
