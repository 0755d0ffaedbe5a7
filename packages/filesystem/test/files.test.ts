import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { armFailpoints, readChanges } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { tableOf } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { FilePattern, nameInSeries, patternFault, seriesExpression } from '../src/file-pattern.ts'
import { filesystem, filesystemSource } from '../src/index.ts'
import { batchOf, items, newFolder, opened, put, signal, sinkTo } from './feed.ts'
import { dataFiles, flushedLines } from './flushed.ts'
import { wholeFormat } from './whole-format.ts'

const place = { database: 'shop', schema: 'public', table: 'items', time: Date.UTC(2026, 0, 2, 3, 4) }

test.each([
  ['${schema}.${table}-${sequence}.jsonl', {}, 'public.items-${sequence}.jsonl'],
  ['${database}/${table}/${date}/${hour}-${sequence}', {}, 'shop/items/2026-01-02/03-${sequence}'],
  ['${table}.jsonl', { table: 'a/b.c' }, 'a%2fb%2ec.jsonl'],
  ['${table}.jsonl', { table: '..' }, '%2e%2e.jsonl'],
  ['${table}.jsonl', { table: '_hidden' }, '%5fhidden.jsonl'],
  ['${table}.jsonl', { table: '${sequence}' }, '%24{sequence}.jsonl'],
  ['${table}.jsonl', { table: 'Größe 100%' }, 'Größe 100%25.jsonl'],
] as const)('%s of %j is %s', (pattern, over, series) => {
  expect(new FilePattern(pattern).series({ ...place, ...over })).toBe(series)
  const name = nameInSeries(series, 12)
  expect(new FilePattern(pattern).names.test(name)).toBe(true)
  if (series !== name) expect(seriesExpression(series).exec(name)?.[1]).toBe('000012')
})

test.each([
  ['${tabel}.jsonl', /has \$\{tabel\}, and knows \$\{database\}/],
  ['/etc/${table}', /below `path`/],
  ['a/../b', /below `path`/],
  ['.${table}', /begins with \. or _/],
  ['a/_${table}', /begins with \. or _/],
  ['a\\b', /backslash/],
  ['${date}.jsonl', /needs \$\{sequence\} too/],
])('the pattern %s is refused', (pattern, message) => {
  expect(patternFault(pattern)).toMatch(message)
})

test('a file is hidden until it is finished, and finished when it is large enough', async () => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, { 'sink.rolling-policy.file-size': '1kb' }))
  await put(sink, 'one', [1, 'a'])
  expect(dataFiles(folder)).toEqual([expect.stringMatching(/^\.public\.items-000001\.jsonl\.inprogress\.[0-9a-f]{8}$/)])
  await put(sink, 'two', [2, 'x'.repeat(1000)])
  expect(dataFiles(folder)).toEqual(['public.items-000001.jsonl'])
  await put(sink, 'three', [3, 'c'])
  await sink.close()
  expect(dataFiles(folder)).toEqual(['public.items-000001.jsonl', 'public.items-000002.jsonl'])
})

test('lines are durable before the manifest that speaks of them, and files get their names after it', async () => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, { 'sink.rolling-policy.file-size': '1b' }))
  const steps: string[] = []
  armFailpoints((name) => void steps.push(name))
  try {
    await put(sink, 'one', [1, 'a'])
  } finally {
    armFailpoints(undefined)
  }
  await sink.close()
  expect(steps.filter((name) => name.startsWith('files.'))).toEqual([
    'files.write',
    'files.sync',
    'files.manifest.write',
    'files.manifest.rename',
    'files.manifest.sync',
    'files.rename',
  ])
})

test.each(['files.manifest.sync', 'sink.committed'])(
  'lines that the manifest speaks of are never cut off, though %s fails',
  async (place) => {
    const folder = newFolder()
    const sink = await opened(sinkTo(folder))
    await put(sink, 'one', [1, 'a'])
    await sink.write(batchOf([[2, 'b']]), signal)
    armFailpoints((name) => {
      if (name === place) throw new Error('torn')
    })
    try {
      await expect(sink.flush('two', signal)).rejects.toThrow('torn')
    } finally {
      armFailpoints(undefined)
    }
    await sink.close()
    const again = await opened(sinkTo(folder))
    expect(await again.position!()).toBe('two')
    expect(flushedLines(folder)).toHaveLength(2)
  },
)

test('a file that is written on is there from the first flush, under its own name', async () => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, { 'sink.file-name': 'all.jsonl' }))
  await sink.write(batchOf([[1, 'a']]), signal)
  expect(existsSync(join(folder, 'all.jsonl'))).toBe(false)
  await sink.flush('one', signal)
  await sink.write(batchOf([[2, 'b']], { table: tableOf('orders', { id: { kind: 'int32' } }, ['id']) }), signal)
  await sink.flush('two', signal)
  expect(flushedLines(folder).map((line) => JSON.parse(line).table.name)).toEqual(['items', 'orders'])
  expect(dataFiles(folder)).toEqual(['all.jsonl'])
})

test.each(['rollover', 'inactivity'])('a file is finished by its %s interval, while nothing happens', async (which) => {
  const folder = newFolder()
  const options = {
    [`sink.rolling-policy.${which}-interval`]: '50 ms',
    'sink.rolling-policy.check-interval': '20 ms',
  }
  const sink = await opened(sinkTo(folder, options))
  await put(sink, 'one', [1, 'a'])
  const deadline = Date.now() + 10_000
  while (!existsSync(join(folder, 'public.items-000001.jsonl')) && Date.now() < deadline) await pause(5)
  expect(dataFiles(folder)).toEqual(['public.items-000001.jsonl'])
  expect(await sink.position!()).toBe('one')
  await put(sink, 'two', [2, 'b'])
  expect(flushedLines(folder).length).toBe(2)
})

test('each hour of the commit has a file of its own', async () => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, { 'sink.file-name': '${date}/${hour}-${sequence}.jsonl' }))
  for (const hour of [1, 2, 1]) {
    const commitTime = BigInt(Date.UTC(2026, 0, 2, hour)) * 1000n
    await sink.write(batchOf([[hour, 'a']], { commitTime }), signal)
  }
  await sink.flush('one', signal)
  await sink.close()
  expect(dataFiles(folder)).toEqual(['2026-01-02/01-000001.jsonl', '2026-01-02/02-000001.jsonl'])
  expect(flushedLines(folder).length).toBe(3)
})

test('keys, values and headers stand in the line when asked, and tombstones too', async () => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, { 'sink.line': 'record' }))
  await put(sink, 'one', [1, 'a "quoted" \n line'])
  const [line] = flushedLines(folder)
  expect(JSON.parse(line!)).toMatchObject({
    key: [['number', '1']],
    value: { row: { kind: 'insert' } },
    headers: { kind: 'insert' },
  })
})

test('a stop in the middle of a table leaves nothing of it', async () => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, { 'sink.rolling-policy.file-size': '100b' }))
  await put(sink, 'one', [1, 'a'])
  for (let i = 0; i < 20; i++) {
    const { position: _, ...open } = batchOf([[2, 'b']])
    await sink.write({ ...open, open: 'table' }, signal)
    await sink.flush(undefined, signal)
  }
  await sink.close()
  expect(dataFiles(folder).map((file) => readFileSync(join(folder, file), 'utf8').split('\n').length - 1)).toEqual([1])
  expect(items.name).toBe('items')
})

test('a format that breaks its lines is refused', async () => {
  const { lineMakers } = await import('../src/lines.ts')
  const record = { key: null, value: 'a\nb', destination: 'table' } as const
  expect(() => lineMakers.value('bad')(record)).toThrow(/wrote a value with a line break/)
  expect(() => lineMakers.value('bad')({ ...record, value: new Uint8Array([10]) })).toThrow(/line break/)
  expect(() => lineMakers.record('bad')(record)).toThrow(/line break/)
  expect(() => lineMakers.record('bad')({ ...record, value: 'no json' })).toThrow(/are no JSON/)
  expect(lineMakers.record('good')({ ...record, value: new Uint8Array([0x31]), headers: { a: null } })).toBe(
    '{"key":null,"value":1,"headers":{"a":null}}',
  )
})

test('a value that the format cannot write is set aside before the flush, and nothing else', async () => {
  const folder = newFolder()
  const aside: unknown[] = []
  const broken = wholeFormat({ refuse: 'bad' })
  const sink = await opened(sinkTo(folder, { format: broken }), {
    reject: async (change, error) => void aside.push([change.kind, error.code, error.where.table]),
  })
  await put(sink, 'one', [1, 'good'], [2, 'bad'], [3, 'good'])
  await sink.close()
  expect(aside).toEqual([['insert', 'WHOLE_UNREADABLE', 'public.items']])
  expect(flushedLines(folder).length).toBe(2)
  const strict = await opened(sinkTo(newFolder(), { format: broken }))
  await expect(put(strict, 'one', [2, 'bad'])).rejects.toMatchObject({ code: 'WHOLE_UNREADABLE', kind: 'data' })
})

test('debezium-json and json are written and read back, with messages and bounds where the format has them', async () => {
  const folder = newFolder()
  const sink = filesystem({
    path: folder,
    format: debeziumJson({ 'topic.prefix': 'shop', 'provide.transaction.metadata': true, 'schemas.enable': true }),
    'sink.file-name': '${schema}.${table}.jsonl',
  })
  expect(sink.capabilities.takes).toEqual(['message', 'transaction'])
  const made = await opened(sink)
  const batch = batchOf([
    [1, 'a'],
    [2, 'b'],
  ])
  const { origin } = batch.changes[0]!
  const changes = [{ kind: 'begin', origin }, ...batch.changes, { kind: 'commit', origin }] as const
  await made.write({ ...batch, changes }, signal)
  await made.flush('one', signal)
  expect(dataFiles(folder)).toEqual(['cdc.transaction.jsonl', 'public.items.jsonl'])
  expect(flushedLines(folder).length).toBe(4)
})

test('rows of plain json are read with the schema that is told', async () => {
  const folder = newFolder()
  const sink = await opened(filesystem({ path: folder, format: json({}), 'sink.file-name': '${table}.jsonl' }))
  await put(sink, 'one', [1, 'a'], [2, 'b'])
  const source = filesystemSource({
    path: folder,
    format: json({}),
    schema: 'id INT, name STRING',
    'table-name': 'shop.items',
  })
  const rows: unknown[] = []
  for await (const { changes } of readChanges(source, { name: 'test' }))
    for (const change of changes)
      if (change.kind === 'insert') rows.push([change.table.schema, change.table.name, change.after])
  expect(rows).toEqual([
    ['shop', 'items', [1, 'a']],
    ['shop', 'items', [2, 'b']],
  ])
})
