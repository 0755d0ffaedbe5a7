import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Batch, isRowChange, readChanges } from '@cdc/core'
import { expect, test } from 'vitest'
import { formatPosition, type ReadFile, filePositions as rules } from '../src/file-position.ts'
import { filesystemSource } from '../src/index.ts'
import { jsonFault, jsonMembers } from '../src/json-fault.ts'
import { fault, items, newFolder, opened, put, sinkTo } from './feed.ts'
import { wholeFormat } from './whole-format.ts'

type Options = Omit<Parameters<typeof filesystemSource>[0], 'path' | 'format'>

const line = (id: number, name = 'a') =>
  `${JSON.stringify({ table: items, row: { kind: 'insert', after: [['number', String(id)], name] } })}\n`
const lines = (...ids: number[]) => ids.map((id) => line(id)).join('')
const sourceOf = (path: string, options: Options = {}) =>
  filesystemSource({ path, format: wholeFormat({}), ...options })

const idsOf = (batches: readonly Batch[]) =>
  batches.flatMap(({ changes }) =>
    changes.flatMap((change) => (isRowChange(change) && 'after' in change ? [change.after[0]] : [])),
  )

/** Everything that is there, and the last position. */
async function all(path: string, options: Options = {}, after?: string) {
  const batches: Batch[] = []
  for await (const batch of readChanges(sourceOf(path, options), { name: 'test', after })) batches.push(batch)
  return {
    ids: idsOf(batches),
    position: batches.findLast(({ position }) => position !== undefined)?.position ?? after,
  }
}

/** Follows until so many rows have come; `meanwhile` is called when it waits for the first time. */
async function following(path: string, count: number, meanwhile: () => void = () => {}, after?: string) {
  const batches: Batch[] = []
  const reading = readChanges(sourceOf(path, { 'source.monitor-interval': 5 }), { name: 'test', after })
  const timer = setTimeout(meanwhile, 50)
  for await (const batch of reading) {
    batches.push(batch)
    if (idsOf(batches).length >= count) break
  }
  clearTimeout(timer)
  return { ids: idsOf(batches), position: batches.at(-1)!.position! }
}

test('files are read in the order of their names, numbers as numbers, and hidden ones not at all', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'b', '_deep'), { recursive: true })
  writeFileSync(join(folder, 'a-10.jsonl'), lines(2))
  writeFileSync(join(folder, 'a-9.jsonl'), lines(1))
  writeFileSync(join(folder, 'b', 'c.jsonl'), lines(3))
  for (const hidden of ['.hidden.jsonl', '_hidden.jsonl', 'b/_deep/d.jsonl'])
    writeFileSync(join(folder, hidden), lines(9))
  expect((await all(folder)).ids).toEqual([1, 2, 3])
  expect((await all(join(folder, '.hidden.jsonl'))).ids).toEqual([9])
  expect((await all(folder, { 'source.path.regex-pattern': '.*/a-\\d+[.]jsonl' })).ids).toEqual([1, 2])
})

test('what our own sink has written is read back, packed or not, and never what was not flushed', async () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const folder = newFolder()
    const sink = await opened(
      sinkTo(folder, {
        'sink.compression': compression,
        'sink.rolling-policy.file-size': '300b',
        'sink.line': 'record',
      }),
    )
    for (let id = 1; id <= 9; id++) await put(sink, String(id), [id, 'x'.repeat(100)])
    await sink.close()
    expect((await all(folder, { 'source.line': 'record' })).ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  }
})

test('a last line without an end is a line where reading ends, and waits where reading goes on', async () => {
  const folder = newFolder()
  const file = join(folder, 'a.jsonl')
  writeFileSync(file, lines(1) + line(2).trimEnd())
  expect((await all(folder)).ids).toEqual([1, 2])
  writeFileSync(file, lines(1) + line(2).slice(0, 20))
  expect((await following(folder, 2, () => appendFileSync(file, line(2).slice(20)))).ids).toEqual([1, 2])
})

test('a packed file that grows by whole pieces is followed', async () => {
  for (const [ending, pack] of [
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ] as const) {
    const folder = newFolder()
    const file = join(folder, `a.jsonl.${ending}`)
    writeFileSync(file, pack(lines(1)))
    const whole = pack(lines(2))
    appendFileSync(file, whole.subarray(0, 15))
    expect((await following(folder, 2, () => appendFileSync(file, whole.subarray(15)))).ids).toEqual([1, 2])
  }
})

test('a file that gets another name is read on, and a new one under its name from its beginning', async () => {
  const folder = newFolder()
  const file = join(folder, 'a.jsonl')
  writeFileSync(file, lines(1))
  const { position } = await following(folder, 1)
  appendFileSync(file, lines(2))
  renameSync(file, join(folder, 'a.jsonl.1'))
  writeFileSync(file, lines(3))
  expect((await following(folder, 2, () => {}, position)).ids).toEqual([3, 2])
})

test('a file that was restored from a copy is the same one', async () => {
  const folder = newFolder()
  const file = join(folder, 'a.jsonl')
  writeFileSync(file, lines(1, 2))
  const { position } = await all(folder)
  copyFileSync(file, join(folder, 'copy'))
  renameSync(join(folder, 'copy'), file)
  appendFileSync(file, lines(3))
  expect((await all(folder, {}, position)).ids).toEqual([3])
})

test('a file that was read to its end may go; one that was not may not', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'a.jsonl'), lines(1))
  writeFileSync(join(folder, 'b.jsonl'), lines(2, 3))
  const { position } = await all(folder)
  unlinkSync(join(folder, 'a.jsonl'))
  expect((await all(folder, {}, position)).ids).toEqual([])
  const half = JSON.parse(position!)
  half.files = half.files.map((file: ReadFile) => ({ ...file, offset: line(1).length, ended: false }))
  rmSync(join(folder, 'b.jsonl'))
  expect(await fault(all(folder, {}, JSON.stringify(half)))).toMatch(
    /^FILE_LOST history-lost: The file a\.jsonl in .* is gone/,
  )
})

test.each([
  ['shorter', (file: string) => truncateSync(file, 5)],
  ['another one', (file: string) => writeFileSync(file, lines(7, 8, 9))],
])('a file that is %s now is not read on', async (_, harm) => {
  const folder = newFolder()
  const file = join(folder, 'a.jsonl')
  writeFileSync(file, lines(1, 2))
  const { position } = await all(folder)
  harm(file)
  expect(await fault(all(folder, {}, position))).toMatch(
    /^FILE_REPLACED history-lost: The file .*a\.jsonl, of which \d+ bytes/,
  )
})

test.each([
  ['{"table": 1, "row" 2}\n', /a\.jsonl:2:20: The line is no JSON from there on\./],
  ['{"table": "ü", x}\n', /a\.jsonl:2:16: The line is no JSON from there on\./],
  ['{"table": "secret', /a\.jsonl:2:18: The line ends in the middle of its JSON, and so does the file\./],
  ['{"other": 1}\n', /a\.jsonl:2:1: The line is no record of the format \(WHOLE_UNREADABLE\): There is no table/],
  ['secret\n', /a\.jsonl:2:1: The line is no record of the format/],
])('the line %j is told with its place, and not with what is in it', async (bad, message) => {
  const folder = newFolder()
  writeFileSync(join(folder, 'a.jsonl'), lines(1) + bad)
  const said = await fault(all(folder))
  expect(said).toMatch(/^LINE_MALFORMED data: /)
  expect(said).toMatch(message)
  expect(said).not.toContain('secret')
})

test('lines that cannot be read are kept where that is tolerated, and the rest is read', async () => {
  const folder = newFolder()
  const kept = join(newFolder(), 'unreadable.jsonl')
  writeFileSync(
    join(folder, 'a.jsonl'),
    Buffer.concat([Buffer.from(`${lines(1)}{"torn\n${lines(2)}`), Buffer.from([0xff, 10])]),
  )
  const options = { 'errors.tolerance': 'all', 'errors.dead-letter-file': kept } as const
  expect((await all(folder, options)).ids).toEqual([1, 2])
  const letters = readFileSync(kept, 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(letters).toMatchObject([
    { file: join(folder, 'a.jsonl'), line: 2, column: 7, code: 'WHOLE_UNREADABLE', text: '{"torn' },
    { line: 4, column: 1, base64: '/w==' },
  ])
  expect(() => sourceOf(folder, { 'errors.tolerance': 'all' })).toThrow(/needs 'errors\.dead-letter-file'/)
})

test('what is not there, is damaged or too long is told', async () => {
  const folder = newFolder()
  expect(await fault(all(join(folder, 'nothing')))).toMatch(/^FILES_NONE config: There is no file or folder/)
  writeFileSync(join(folder, 'a.jsonl.gz'), 'no gzip')
  expect(await fault(all(folder))).toMatch(
    /^FILE_DAMAGED data: The file \S+a\.jsonl\.gz cannot be unpacked: Z_DATA_ERROR/,
  )
  writeFileSync(join(folder, 'a.jsonl.gz'), gzipSync(lines(1)).subarray(0, 30))
  expect(await fault(all(folder))).toMatch(/^FILE_DAMAGED data: .*Z_BUF_ERROR/)
  rmSync(join(folder, 'a.jsonl.gz'))
  writeFileSync(join(folder, 'a.jsonl.zst'), 'no zstd at all')
  expect(await fault(all(folder))).toMatch(/^FILE_DAMAGED data: /)
  writeFileSync(join(folder, 'a.jsonl.zst'), zstdCompressSync(lines(1)).subarray(0, 30))
  expect(await fault(all(folder))).toMatch(/^FILE_DAMAGED data: /)
  rmSync(join(folder, 'a.jsonl.zst'))
  writeFileSync(join(folder, 'a.jsonl'), 'x'.repeat(5000))
  expect(await fault(all(folder, { 'source.max-line-length': '1kb' }))).toMatch(
    /^LINE_TOO_LONG data: In \S+ the line that begins at byte 0/,
  )
})

test('positions are a partial order over files', () => {
  const file = (name: string, inode: number, offset: number): ReadFile => ({
    name,
    inode,
    head: [0, 0],
    offset,
    ended: false,
  })
  const at = (gone: number, ...files: ReadFile[]) => formatPosition({ files, gone, goneBytes: gone * 100 })
  const [a, b] = [at(0, file('a', 1, 10), file('b', 2, 5)), at(0, file('a', 1, 5), file('b', 2, 10))]
  expect(rules.compare(a, b)).toBeUndefined()
  expect(rules.compare(rules.lowest([a, b]), a)).toBe(-1)
  expect(rules.compare(rules.merge(a, b), b)).toBe(1)
  expect(JSON.parse(rules.lowest([a, b])).files.map((one: ReadFile) => one.offset)).toEqual([5, 5])
  expect(JSON.parse(rules.merge(a, b)).files.map((one: ReadFile) => one.offset)).toEqual([10, 10])
  // one that is begun in one of them only
  const more = at(0, file('a', 1, 10), file('b', 2, 5), file('c', 3, 1))
  expect([rules.compare(a, more), rules.compare(more, a), rules.compare(rules.lowest([more, a]), a)]).toEqual([
    -1, 1, 0,
  ])
  // one that was read and is gone
  const gone = at(1, file('b', 2, 5))
  expect([
    rules.compare(a, gone),
    rules.compare(rules.lowest([a, gone]), a),
    rules.compare(rules.merge(a, gone), gone),
  ]).toEqual([-1, 0, 0])
  // one that has another name
  expect(rules.compare(at(0, file('a', 1, 10)), at(0, file('a.1', 1, 20), file('a', 9, 1)))).toBe(-1)
  expect(rules.describe(a)).toBe('2 files, 15 bytes, a at 10, b at 5')
})

test('the place of a fault in JSON is where a parser would stop', () => {
  const at = (text: string) => jsonFault(Buffer.from(text))
  for (const good of ['{}', '[]', ' {"a": [1, -0.5e+3, true, null, "\\u00e9\\n"]} ', '0', '"x"'])
    expect(at(good)).toBeUndefined()
  const bad = {
    '': 0,
    '{': 1,
    '{"a"}': 4,
    '{"a":}': 5,
    '[1,]': 3,
    '01': 1,
    '1.': 2,
    '-': 1,
    '"\\x"': 2,
    '"\t"': 1,
    nul: 3,
    '{} {}': 3,
    '{"a":1,}': 7,
  }
  for (const [text, place] of Object.entries(bad)) expect([text, at(text)]).toEqual([text, place])
  for (const [text] of Object.entries(bad)) expect(() => JSON.parse(text)).toThrow()
  const members = jsonMembers(Buffer.from('{"key": 12345678901234567890.10, "v\\u0061lue": {"a": "}"}}'))!
  expect([...members].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
    ['key', '12345678901234567890.10'],
    ['value', '{"a": "}"}'],
  ])
})

test('a source that waits ends at once when it is told to', async () => {
  const folder = newFolder()
  const stop = new AbortController()
  const reading = readChanges(sourceOf(folder, { 'source.monitor-interval': '1 h' }), {
    name: 'test',
    signal: stop.signal,
  })
  const next = reading.next()
  await pause(20)
  stop.abort()
  expect((await next).done).toBe(true)
  expect(existsSync(folder)).toBe(true)
})
