import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import type { Batch, Change, Column, DataType, OptionInput, Origin, Row, Sink, Table } from '@cdc/core'
import { silentLogger } from '@cdc/core'
import { expect, test } from 'vitest'
import type { printOptions } from './options.ts'
import { type PrintOutputs, print, printTo } from './print.ts'

const signal = new AbortController().signal
const transaction = { connector: 'test', database: 'd', commitTime: 0n, commit: 1n }
const origin: Origin = { transaction, offset: 1n, order: 0 }
const context = { pipeline: 'p', sink: 'out', logger: silentLogger, report() {}, describePosition: String }

function tableOf(...types: DataType[]): Table {
  const columns = types.map((type, i): Column => ({ name: `c${i}`, type, native: 'x' }))
  return { schema: 'public', name: 't', columns, key: [] }
}
const batchOf = (...changes: Change[]): Batch => ({ changes, position: '1', bytes: 1 })
const insert = (table: Table, after: Row): Change => ({ kind: 'insert', table, after, origin })

/** A stream that keeps what it was given. */
class Kept extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.text += chunk
    done()
  }
}

type Options = OptionInput<typeof printOptions.fields>
async function printed(
  changes: Change[],
  options: Options = {},
  kept = new Kept(),
  other = new Kept(),
): Promise<string[]> {
  const sink = printTo({ output: kept, error: other })(options).create(context)
  await sink.open()
  await sink.write(batchOf(...changes), signal)
  await sink.flush('1', signal)
  await sink.close()
  return kept.text.split('\n').slice(0, -1)
}

test('prints what Flink 1.20 printed for the same rows', async () => {
  const table = tableOf(
    { kind: 'int32' },
    { kind: 'string' },
    { kind: 'decimal', precision: 10, scale: 2 },
    { kind: 'int64' },
    { kind: 'float64' },
    { kind: 'boolean' },
    { kind: 'date' },
    { kind: 'time', precision: 3 },
    { kind: 'timestamp', precision: 3 },
    { kind: 'timestamptz', precision: 3 },
    { kind: 'bytes' },
    { kind: 'string' },
  )
  const rest = [9007199254740993n, 0.1, true, '2024-02-29', '12:34:56.789', '2024-02-29 12:34:56.789']
  const last = ['2024-02-29 10:34:56.789+00', new Uint8Array([0, 1, 255]), '[1, null, 3]']
  const before = [1, 'a "q" \\ é', '10.50', ...rest, ...last]
  const after = [1, 'b', '11.00', ...rest, ...last]
  const empty = (id: number) => [id, ...Array(11).fill(null)]
  const seven = [7, null, '12345678.90', null, 1e21, ...Array(7).fill(null)]
  const lines = await printed([
    insert(table, before),
    insert(table, empty(2)),
    { kind: 'update', table, before, after, origin },
    { kind: 'delete', table, before: empty(2), origin },
    insert(table, empty(5)),
    { kind: 'delete', table, before: after, origin },
    insert(table, seven),
  ])
  const tail =
    '9007199254740993, 0.1, true, 2024-02-29, 12:34:56.789, 2024-02-29T12:34:56.789, 2024-02-29T10:34:56.789Z, [0, 1, -1], [1, null, 3]]'
  const nulls = 'null, null, null, null, null, null, null, null, null, null, null]'
  expect(lines).toEqual([
    `+I[1, a "q" \\ é, 10.50, ${tail}`,
    `+I[2, ${nulls}`,
    `-U[1, a "q" \\ é, 10.50, ${tail}`,
    `+U[1, b, 11.00, ${tail}`,
    `-D[2, ${nulls}`,
    `+I[5, ${nulls}`,
    `-D[1, b, 11.00, ${tail}`,
    '+I[7, null, 12345678.90, null, 1.0E21, null, null, null, null, null, null, null]',
  ])
})

test('prints arrays of any depth, and types that Flink lacks as their text', async () => {
  const bytes: DataType = { kind: 'array', element: { kind: 'bytes' } }
  const doubles: DataType = { kind: 'array', element: { kind: 'float64' } }
  const table = tableOf(
    bytes,
    doubles,
    doubles,
    { kind: 'uuid' },
    { kind: 'json' },
    { kind: 'interval' },
    { kind: 'other' },
  )
  const row = [
    [new Uint8Array([128]), null],
    [
      [1, 2],
      [3, null],
    ],
    '[0:1]={1,2}',
    'ab-cd',
    '{"a": 1}',
    '1 year',
    '[1,2)',
  ]
  expect(await printed([insert(table, row)])).toEqual([
    '+I[[[-128], null], [[1.0, 2.0], [3.0, null]], [0:1]={1,2}, ab-cd, {"a": 1}, 1 year, [1,2)]',
  ])
})

test('prints an update without its old row as +U alone, and what was not sent as such', async () => {
  const table = tableOf({ kind: 'int32' }, { kind: 'string' })
  const lines = await printed([
    { kind: 'update', table, after: [1, undefined], origin },
    { kind: 'delete', table, before: [1, undefined], origin },
    insert(table, [2, null]),
  ])
  expect(lines).toEqual(['+U[1, <unsent>]', '-D[1, <unsent>]', '+I[2, null]'])
})

test('prints truncates, and leaves out what has no rows', async () => {
  const table = tableOf({ kind: 'int32' })
  expect(
    await printed([
      { kind: 'schema', table, origin },
      { kind: 'truncate', table, origin },
    ]),
  ).toEqual(['TRUNCATE public.t'])
})

test.for<[Options, string]>([
  [{}, '+I[1]'],
  [{ 'print-identifier': 'orders' }, 'orders> +I[1]'],
  [{ 'sink.parallelism': 1 }, '+I[1]'],
  [{ 'sink.parallelism': 4 }, '1> +I[1]'],
  [{ 'print-identifier': 'orders', 'sink.parallelism': 4 }, 'orders:1> +I[1]'],
])('with %j a line is %s', async ([options, line]) => {
  expect(await printed([insert(tableOf({ kind: 'int32' }), [1])], options)).toEqual([line])
})

test('prints to standard error when asked', async () => {
  const [output, error] = [new Kept(), new Kept()]
  await printed([insert(tableOf({ kind: 'int32' }), [1])], { 'standard-error': true }, output, error)
  expect([output.text, error.text]).toEqual(['', '+I[1]\n'])
})

/** A stream that takes a chunk only when it is told to. */
class Slow extends Writable {
  readonly waiting: (() => void)[] = []
  constructor() {
    super({ highWaterMark: 4 })
  }
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    this.waiting.push(done)
  }
}

async function openOn(output: Writable): Promise<Sink> {
  const sink = printTo({ output, error: output })({}).create(context)
  await sink.open()
  return sink
}

/** Has the promise settled, when all that was due is done? */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  void promise.then(() => {
    done = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

test('write waits while the stream is full, and flush until everything is taken', async () => {
  const output = new Slow()
  const sink = await openOn(output)
  const row = insert(tableOf({ kind: 'int32' }), [1])
  const write = sink.write(batchOf(row), signal)
  expect(await settled(write)).toBe(false)
  output.waiting.shift()!()
  await write
  const flush = sink.flush('1', signal)
  expect(await settled(flush)).toBe(false)
  output.waiting.shift()!()
  await flush
  await sink.close()
})

test('a write that waits ends when it is aborted', async () => {
  const sink = await openOn(new Slow())
  const stop = new AbortController()
  const write = sink.write(batchOf(insert(tableOf({ kind: 'int32' }), [1])), stop.signal)
  stop.abort()
  await expect(write).rejects.toThrow()
  await sink.close()
})

test('a stream that fails is a coded error and never an unhandled one', async () => {
  const output: Writable = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
  const sink = await openOn(output)
  await expect(sink.flush('1', signal)).rejects.toMatchObject({ code: 'PRINT_FAILED', kind: 'config' })
  const write = sink.write(batchOf(insert(tableOf({ kind: 'int32' }), [1])), signal)
  await expect(write).rejects.toMatchObject({ code: 'PRINT_FAILED' })
  await sink.close()
})

test('prints to the standard output of the process, whole, also into a pipe that is read late', async () => {
  const code = `
    import { print } from '${new URL('print.ts', import.meta.url)}'
    const sink = print({}).create(${JSON.stringify({ pipeline: 'p', sink: 's' })})
    const table = ${JSON.stringify(tableOf({ kind: 'string' }))}
    const change = { kind: 'insert', table, after: ['x'.repeat(1000)] }
    const signal = new AbortController().signal
    await sink.open()
    for (let i = 0; i < 500; i++) await sink.write({ changes: [change], bytes: 1 }, signal)
    await sink.flush('1', signal)
    await sink.close()
    process.exit()`
  const args = ['--conditions=cdc-source', '--no-warnings', '--input-type=module', '-e', code]
  const child = spawn(process.execPath, args, {
    cwd: new URL('.', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  await ended
  expect(text).toBe(`+I[${'x'.repeat(1000)}]\n`.repeat(500))
})

test('is called by name and takes every changelog', () => {
  expect(print({})).toMatchObject({ connector: 'print', capabilities: { accepts: 'retract', keyless: 'append' } })
  const outputs: PrintOutputs = { output: process.stdout, error: process.stderr }
  expect(printTo(outputs)({}).connector).toBe('print')
})
