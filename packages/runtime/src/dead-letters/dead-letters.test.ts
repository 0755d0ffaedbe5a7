import { appendFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CdcError,
  type ConfiguredSink,
  defineOptions,
  defineSink,
  isRowChange,
  type Report,
  type Row,
  type Table,
} from '@cdc/core'
import { MemoryDatabase, memorySource } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { pipeline, type SinkEntry } from '../pipeline.ts'
import { memoryState } from '../state/index.ts'
import { DeadLetterFile, deadLetterPath, readDeadLetters, removeDeadLetters } from './dead-letter-file.ts'
import { type DeadLetter, decodeLetter, encodeLetter, makeLetter, type Rejectable } from './letter.ts'
import { replayDeadLetters } from './replay.ts'

const items: Table = {
  schema: 'public',
  name: 'items',
  id: 1,
  identity: 'full',
  columns: [
    { name: 'id', type: { kind: 'int32' }, native: 'integer' },
    { name: 'name', type: { kind: 'string' }, native: 'text' },
  ],
  key: [0],
}
const folder = () => mkdtempSync(join(tmpdir(), 'cdc-dead-letters-'))
const refusal = new CdcError({ code: 'VALUE_REFUSED', kind: 'data', message: 'too long', hint: 'widen it' })
const transaction = { connector: 'memory', database: 'd', id: '7', commitTime: 5n, commit: 2n ** 63n }

function letterOf(after: Row, order = 0, before?: Row): DeadLetter {
  const change: Rejectable = {
    kind: 'update',
    table: items,
    ...(before === undefined ? {} : { before }),
    after,
    origin: { transaction, offset: 9_007_199_254_740_993n, order },
  }
  return makeLetter('target', change, refusal, '0/7')
}

test('a letter brings back exactly the change that was set aside, whatever is in its cells', () => {
  const cells: Row = [
    null,
    undefined,
    true,
    -0,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    1.5,
    -(2n ** 63n),
    'a\n\u0000"\ud800',
    new Uint8Array([0, 255]),
    [
      [1n, null],
      ['x', undefined],
    ],
    [],
  ]
  const letter = letterOf(cells, 3, [undefined, 'old'])
  const back = decodeLetter(encodeLetter(letter))
  expect(back).toEqual(letter)
  expect('before' in back.change && back.change.before).toStrictEqual([undefined, 'old'])
  expect(Object.is((back.change as { after: Row }).after[3], -0)).toBe(true)
})

test('a row is one letter whether a snapshot or the stream brings it; equal rows without a key are several', () => {
  const origin = { transaction, offset: 1n, order: 1 }
  const insert = (table: Table, more: object): Rejectable => ({
    kind: 'insert',
    table,
    after: [1, 'x'],
    origin: { ...origin, ...more },
  })
  const equals = new Map<string, number>()
  const id = (change: Rejectable) => makeLetter('target', change, refusal, '0/7', equals).id
  expect(id(insert(items, {}))).toBe(id(insert(items, { order: 8, snapshot: 'true' })))
  const keyless = { ...items, key: [] }
  const ids = [{}, { order: 2 }, { snapshot: 'true' }, { snapshot: 'true' }].map((more) => id(insert(keyless, more)))
  expect(new Set(ids).size).toBe(4)
})

test('the message and everything else outside of the record hold no values', () => {
  const { record: _, ...rest } = JSON.parse(encodeLetter(letterOf([1, 'a secret name'])))
  expect(JSON.stringify(rest)).not.toContain('secret')
})

test('letters that come at once all end on the disk, in order, and repeats are read once', async () => {
  const directory = folder()
  const file = new DeadLetterFile(directory, 'shop', 'target')
  await file.open()
  await Promise.all([0, 1, 2, 1].map((order) => file.append(letterOf([order, 'x'], order))))
  await file.close()
  expect(readFileSync(file.path, 'utf8').split('\n')).toHaveLength(5)
  expect((await readDeadLetters(directory, 'shop')).map(({ change }) => change.origin.order)).toEqual([0, 1, 2])
  // rows are in it
  expect(statSync(file.path).mode & 0o077).toBe(0)
})

test('a line that a crash has torn is left out, and cut off before the next one is written', async () => {
  const directory = folder()
  const path = deadLetterPath(directory, 'shop', 'target')
  const first = new DeadLetterFile(directory, 'shop', 'target')
  await first.open()
  await first.append(letterOf([1, 'x'], 1))
  await first.close()
  appendFileSync(path, encodeLetter(letterOf([2, 'y'.repeat(200_000)], 2)).slice(0, -20))
  expect(await readDeadLetters(directory, 'shop')).toHaveLength(1)
  const second = new DeadLetterFile(directory, 'shop', 'target')
  await second.open()
  await second.append(letterOf([3, 'z'], 3))
  await second.close()
  expect((await readDeadLetters(directory, 'shop')).map(({ change }) => change.origin.order)).toEqual([1, 3])
})

test('a line that is damaged is named, without what is in it', async () => {
  const directory = folder()
  const file = new DeadLetterFile(directory, 'shop', 'target')
  await file.open()
  await file.append(letterOf([1, 'x'], 1))
  await file.close()
  appendFileSync(file.path, '{"secret":\n')
  const failure = await readDeadLetters(directory, 'shop').catch((thrown: CdcError) => thrown)
  expect(failure).toMatchObject({ code: 'DEAD_LETTERS_UNREADABLE', message: expect.stringContaining('line 2') })
  expect((failure as CdcError).message).not.toContain('secret')
})

test('letters are taken out by id, and the file goes with the last', async () => {
  const directory = folder()
  const file = new DeadLetterFile(directory, 'shop', 'target')
  await file.open()
  for (const order of [1, 2, 3]) await file.append(letterOf([order, 'x'], order))
  await file.close()
  const letters = await readDeadLetters(directory, 'shop')
  expect(await removeDeadLetters(directory, 'shop', 'target', new Set([letters[1]!.id]))).toBe(1)
  expect((await readDeadLetters(directory, 'shop')).map(({ id }) => id)).toEqual([letters[0]!.id, letters[2]!.id])
  expect(await removeDeadLetters(directory, 'shop', 'target', new Set(letters.map(({ id }) => id)))).toBe(2)
  expect(await readDeadLetters(directory, 'shop')).toEqual([])
})

/** A sink that minds names which begin with a letter that it is told, and says when it makes what durable. */
function picky(rows: Map<unknown, Row>, minds: () => string, rejects = true): ConfiguredSink {
  return defineSink({
    name: 'picky',
    description: 'For tests.',
    options: defineOptions({}),
    capabilities: { rejects },
    create: (_, { reject }) => ({
      async open() {},
      async write({ changes }) {
        for (const change of changes) {
          if (!isRowChange(change)) continue
          if (change.kind === 'delete') rows.delete(change.before[0])
          else if (!String(change.after[1]).startsWith(minds())) rows.set(change.after[0], change.after)
          else if (reject === undefined) throw refusal
          else await reject(change, refusal)
        }
      },
      async flush() {},
      async close() {},
    }),
  })({})
}

function prepared() {
  const database = new MemoryDatabase()
  database.create(items, [
    [1, 'fine'],
    [2, 'bad'],
    [3, 'good'],
  ])
  return database
}

async function run(database: MemoryDatabase, entry: SinkEntry, deadLetters: string, state = memoryState()) {
  const reports: Report[] = []
  const stop = new AbortController()
  const running = pipeline({
    name: 'shop',
    source: memorySource({ database }),
    sinks: [entry],
    state,
    deadLetters,
    observer: (report) => {
      reports.push(report)
      if (report.type === 'checkpoint' && database.rows(items).length > 0) stop.abort()
    },
  }).run(stop.signal)
  await running
  return reports
}

test('by default the pipeline stops at what a sink cannot take', async () => {
  const rows = new Map<unknown, Row>()
  const running = run(prepared(), { sink: picky(rows, () => 'bad') }, folder())
  await expect(running).rejects.toMatchObject({ code: 'VALUE_REFUSED', where: { sink: 'picky' } })
})

test('where it is tolerated, the change is set aside with its reason, counted, and the rest goes on', async () => {
  const [rows, directory] = [new Map<unknown, Row>(), folder()]
  const entry = { sink: picky(rows, () => 'bad'), 'errors.tolerance': 'all' } as const
  const reports = await run(prepared(), entry, directory)
  expect([...rows.keys()]).toEqual([1, 3])
  expect(reports).toContainEqual({ type: 'rejected', sink: 'picky', table: 'public.items', code: 'VALUE_REFUSED' })
  const letters = await readDeadLetters(directory, 'shop')
  expect(letters).toMatchObject([
    { sink: 'picky', table: 'public.items', code: 'VALUE_REFUSED', message: 'too long', hint: 'widen it' },
  ])
  expect((letters[0]!.change as { after: Row }).after).toEqual([2, 'bad'])
})

test('a sink that cannot tell which change it was is refused before anything is opened', () => {
  const sink = picky(new Map(), () => 'bad', false)
  const make = () =>
    pipeline({
      name: 'shop',
      source: memorySource({ database: prepared() }),
      sinks: [{ sink, 'errors.tolerance': 'all' }],
    })
  expect(make).toThrow(expect.objectContaining({ code: 'TOLERANCE_UNSUPPORTED' }))
})

test('nothing is acknowledged when the letter cannot be kept', async () => {
  const directory = join(folder(), 'file')
  writeFileSync(directory, '')
  const database = prepared()
  const entry = { sink: picky(new Map(), () => 'bad'), 'errors.tolerance': 'all' } as const
  await expect(run(database, entry, directory)).rejects.toMatchObject({
    code: 'DEAD_LETTERS_NOT_WRITTEN',
    message: expect.stringContaining('EEXIST'),
  })
})

test('a replay writes what the sink takes now; what it still refuses stays, with what follows of the same row', async () => {
  const [rows, directory, state] = [new Map<unknown, Row>(), folder(), memoryState()]
  let minds = 'bad'
  const sink = picky(rows, () => minds)
  const database = prepared()
  database.create({ ...items, name: 'other', id: 2 }, [[10, 'bad 10']])
  await run(database, { sink, 'errors.tolerance': 'all' }, directory, state)
  const letters = [...(await readDeadLetters(directory, 'shop'))]
  expect(letters).toHaveLength(2)
  // a later change of the first row, which is fine by itself
  letters.push(letterOf([2, 'fine again'], 9))
  minds = 'bad 10'
  const store = state('shop')
  await store.open()
  const setup = {
    pipeline: 'shop',
    source: memorySource({ database }),
    sink: pipeline({ name: 'shop', source: memorySource({ database }), sinks: [sink] }).sinks[0]!,
    store,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  }
  const outcomes = async () => {
    const all = []
    for await (const one of replayDeadLetters(setup, letters, new AbortController().signal)) all.push(one.outcome)
    return all
  }
  minds = 'bad'
  expect((await outcomes()).sort()).toEqual(['failed', 'failed', 'held'])
  minds = 'bad 10'
  expect((await outcomes()).sort()).toEqual(['done', 'done', 'failed'])
  expect(rows.get(2)).toEqual([2, 'fine again'])
  await store.close()
})
