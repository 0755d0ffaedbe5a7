import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfiguredFormat } from '@cdc/core'
import { expect, test } from 'vitest'
import { filesystem } from '../src/index.ts'
import { startChild } from './child-process.ts'
import { contextOf, fault, items, newFolder, opened, put, sinkTo } from './feed.ts'
import { dataFiles, flushedLines } from './flushed.ts'
import { wholeFormat } from './whole-format.ts'

const single = { 'sink.file-name': 'all.jsonl' } as const
const ids = (folder: string) => flushedLines(folder).map((line) => JSON.parse(line).row.after[0][1])

/** A folder with two flushed lines in an unfinished file, as a killed process leaves it. */
async function left(options: Parameters<typeof sinkTo>[1] = {}): Promise<string> {
  const folder = newFolder()
  const made = sinkTo(folder, options).create(contextOf())
  await made.open()
  await put(made, 'one', [1, 'a'], [2, 'b'])
  return folder
}

test('the folder is made, but not the ones above it', async () => {
  const folder = newFolder()
  await opened(sinkTo(join(folder, 'out')))
  expect(existsSync(join(folder, 'out'))).toBe(true)
  expect(await fault(opened(sinkTo(join(folder, 'no', 'out'))))).toMatch(
    /^FILES_FOLDER_MISSING config: There is no folder \S+\/no\/out, nor \S+\/no to make it in\. \| .*mkdir -p/,
  )
})

test('a path that is a file, or goes through one, is refused', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'file'), '')
  expect(await fault(opened(sinkTo(join(folder, 'file'))))).toMatch(/^FILES_NOT_A_FOLDER config: 'path' is the file/)
  expect(await fault(opened(sinkTo(join(folder, 'file', 'out'))))).toMatch(/^FILES_NOT_A_FOLDER config: .*ENOTDIR/)
})

const root = process.getuid?.() === 0
test.skipIf(!root)('a folder that this user may not write is refused', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'out'), { mode: 0o755 })
  mkdirSync(join(folder, 'state'), { mode: 0o777 })
  spawnSync('chmod', ['-R', 'a+rX', folder])
  spawnSync('chmod', ['777', join(folder, 'state')])
  const { said } = await startChild({ folder, rows: 10, sink: {}, user: 65534 }).ended
  expect(said).toMatch(/^FILES_NO_PERMISSION\|config\|Could not write to the folder .*EACCES/)
})

const unshare = ['unshare', root ? '-m' : '-Urm']
const mounts = spawnSync(unshare[0]!, [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0
const inMount = (folder: string, options: string) => [
  ...unshare,
  'sh',
  '-c',
  `mount -t tmpfs -o ${options} none "${folder}/out" && "$0" "$@"; code=$?; cp -a "${folder}/out" "${folder}/copy"; exit $code`,
]

test.skipIf(!mounts)(
  'a full disk is told, and what was flushed before is good and no more',
  async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'out'))
    const { said } = await startChild({ folder, rows: 100_000, sink: {} }, inMount(folder, 'size=1m')).ended
    expect(said).toMatch(/^rewind\|FILES_DISK_FULL\|.*Could not write to .*ENOSPC \(no space left on the device\)/)
    const copy = join(folder, 'copy')
    const before = ids(copy).map(Number)
    expect(before.length).toBeGreaterThan(100)
    expect(before.findIndex((id, index) => id !== index + 1)).toBe(-1)
    // with room again it goes on where it was
    spawnSync('sh', ['-c', `cp -a ${copy}/. ${folder}/out`])
    expect((await startChild({ folder, rows: before.length + 500, sink: {} }).ended).said).toBe('done')
    expect(ids(join(folder, 'out')).map(Number)).toEqual(Array.from({ length: before.length + 500 }, (_, i) => i + 1))
  },
  60_000,
)

test.skipIf(!mounts)('a file system that is read-only is told', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'out'))
  const { said } = await startChild({ folder, rows: 10, sink: {} }, inMount(folder, 'ro')).ended
  expect(said).toMatch(/^FILES_READ_ONLY\|config\|/)
})

test('what was not flushed is cut back at the next start, and a file that nobody knows is removed', async () => {
  const folder = await left()
  const [file] = dataFiles(folder) as [string]
  appendFileSync(join(folder, file), '{"torn')
  const stray = file.replace('000001', '000002')
  writeFileSync(join(folder, stray), 'never flushed\n')
  writeFileSync(join(folder, '.somebody.inprogress.else'), 'not ours')
  const next = await opened(sinkTo(folder))
  expect(await next.position!()).toBe('one')
  expect(readFileSync(join(folder, file), 'utf8')).toMatch(/\n$/)
  expect(existsSync(join(folder, stray))).toBe(false)
  expect(existsSync(join(folder, '.somebody.inprogress.else'))).toBe(true)
  await put(next, 'two', [3, 'c'])
  expect(ids(folder)).toEqual(['1', '2', '3'])
})

test.each([
  ['shorter than what was flushed', (file: string) => truncateSync(file, 10), /has only 10\. \|/],
  ['gone', unlinkSync, /is gone\. \|/],
  [
    'edited',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"b"', '"x"')),
    /has other bytes before that place\. \|/,
  ],
] as const)('a file that is %s is not written on', async (_, harm, message) => {
  const folder = await left()
  const [file] = dataFiles(folder) as [string]
  harm(join(folder, file))
  const said = await fault(opened(sinkTo(folder)))
  expect(said).toMatch(/^FILE_CHANGED history-lost: The file .*, of which \d+ bytes were flushed, /)
  expect(said).toMatch(message)
})

test.each([
  [
    'cut',
    (file: string) => truncateSync(file, 5),
    /^FILE_CHANGED history-lost: .* has \d+ bytes, and \d+ were written/,
  ],
  ['taken away', unlinkSync, /^FILE_CHANGED history-lost: The file .* is gone/],
  [
    'replaced',
    (file: string) => {
      copyFileSync(file, `${file}.copy`)
      renameSync(`${file}.copy`, file)
    },
    /^FILE_CHANGED history-lost: The file .* was replaced by another one/,
  ],
  [
    'added to',
    (file: string) => appendFileSync(file, 'x'),
    /^FILES_CONFLICT conflict: .* has \d+ bytes, and \d+ were written/,
  ],
] as const)('a file that is %s while it is written fails the flush', async (_, harm, message) => {
  const folder = newFolder()
  const sink = await opened(sinkTo(folder, single))
  await put(sink, 'one', [1, 'a'])
  await put(sink, 'two', [2, 'b'])
  harm(join(folder, 'all.jsonl'))
  expect(await fault(put(sink, 'three', [3, 'c']))).toMatch(message)
})

test('a file of the same name that is not ours is left alone', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'all.jsonl'), 'precious')
  const sink = await opened(sinkTo(folder, single))
  expect(await fault(put(sink, 'one', [1, 'a']))).toMatch(/^FILE_TAKEN config: There is a file \S+all\.jsonl already/)
  expect(readFileSync(join(folder, 'all.jsonl'), 'utf8')).toBe('precious')
})

test('numbers go on after files that are there already', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'public.items-000007.jsonl'), 'of a run before a reset\n')
  const sink = await opened(sinkTo(folder))
  await put(sink, 'one', [1, 'a'])
  await sink.close()
  expect(dataFiles(folder)).toEqual(['public.items-000007.jsonl', 'public.items-000008.jsonl'])
})

const manifest = (folder: string) => join(folder, readdirSync(folder).find((name) => name.endsWith('.manifest'))!)

test.each([
  ['torn', (file: string) => truncateSync(file, 100), /MANIFEST_CORRUPT history-lost: .*its checksum does not match/],
  ['empty', (file: string) => truncateSync(file, 0), /MANIFEST_CORRUPT history-lost: .*it is empty/],
  ['no manifest', (file: string) => writeFileSync(file, 'hello\n'), /MANIFEST_CORRUPT .*its first line is damaged/],
  [
    'with a flipped bit',
    (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('"position":"one"', '"position":"onf"')),
    /MANIFEST_CORRUPT/,
  ],
] as const)('a manifest that is %s is not trusted', async (_, harm, message) => {
  const folder = await left()
  harm(manifest(folder))
  expect(await fault(opened(sinkTo(folder)))).toMatch(message)
})

test('a manifest of another pipeline, or of a later version, is refused', async () => {
  const folder = await left()
  renameSync(manifest(folder), join(folder, '.cdc.other.files.manifest'))
  expect(await fault(opened(sinkTo(folder), { pipeline: 'other' }))).toMatch(
    /^MANIFEST_FOREIGN config: .* belongs to sink 'files' of pipeline 'shop', and this is sink 'files' of pipeline 'other'/,
  )
})

test('a file that goes on under one name is not mixed with another kind of line; a rolled one is finished', async () => {
  const one = await left(single)
  expect(await fault(opened(sinkTo(one, { ...single, 'sink.line': 'record' })))).toMatch(
    /^FORMAT_CHANGED config: The file \S+ holds lines of whole, value, and this pipeline writes whole, record/,
  )
  const rolled = await left()
  const next = await opened(sinkTo(rolled, { 'sink.line': 'record' }))
  await put(next, 'two', [3, 'c'])
  await next.close()
  expect(dataFiles(rolled)).toEqual(['public.items-000001.jsonl', 'public.items-000002.jsonl'])
})

test('a delete that only a tombstone tells is refused where lines hold values', async () => {
  const folder = newFolder()
  const remove = (sink: Awaited<ReturnType<typeof opened>>) => {
    const origin = { transaction: { connector: '', database: '', commitTime: 0n, commit: 1n }, offset: 1n, order: 0 }
    const changes = [{ kind: 'delete', table: items, before: [1, 'secret'], origin }] as const
    return sink.write({ changes, position: 'one', bytes: 1 }, new AbortController().signal)
  }
  const only = sinkTo(join(folder, 'only'), { format: wholeFormat({ tombstones: 'only' }) })
  const said = await fault(remove(await opened(only)))
  expect(said).toMatch(/^TOMBSTONE_ONLY config: Format 'whole' writes a delete of public\.items as a tombstone/)
  expect(said).not.toContain('secret')
  const after = await opened(sinkTo(join(folder, 'after'), { format: wholeFormat({ tombstones: 'after' }) }))
  await remove(after)
  await after.flush('one', new AbortController().signal)
  expect(flushedLines(join(folder, 'after')).length).toBe(1)
})

test('few handles are enough for many files', async () => {
  const folder = newFolder()
  const rows = 40
  const job = {
    folder,
    rows,
    sink: {
      'sink.file-name': '${table}-${sequence}.jsonl',
      'sink.rolling-policy.file-size': '1b',
      'sink.max-open-files': 8,
    },
  }
  // 24 for Node itself
  const limited = ['sh', '-c', 'ulimit -n 40; exec "$0" "$@"']
  expect((await startChild(job, limited).ended).said).toBe('done')
  expect(dataFiles(join(folder, 'out')).length).toBeGreaterThan(30)
})

test('a tombstone of another key than the event before it is refused too: a row that moves leaves its old key behind', async () => {
  const format: ConfiguredFormat = {
    kind: 'format',
    name: 'moving',
    holds: 'upsert',
    create: () => ({
      encoder: async () => ({
        encode: () => [
          { key: 'old', value: null, destination: 'table' },
          { key: 'new', value: '{}', destination: 'table' },
        ],
      }),
      decoder: () => Promise.reject(new Error('not read')),
    }),
  }
  const folder = newFolder()
  const values = await opened(filesystem({ path: join(folder, 'values'), format }))
  expect(await fault(put(values, 'one', [1, 'a']))).toMatch(/^TOMBSTONE_ONLY config/)
  const records = await opened(
    filesystem({ path: join(folder, 'records'), format: { ...format, create: quoted }, 'sink.line': 'record' }),
  )
  await put(records, 'one', [1, 'a'])
  expect(flushedLines(join(folder, 'records'))).toEqual(['{"key":"old","value":null}', '{"key":"new","value":{}}'])
})

const quoted: ConfiguredFormat['create'] = () => ({
  encoder: async () => ({
    encode: () => [
      { key: '"old"', value: null, destination: 'table' },
      { key: '"new"', value: '{}', destination: 'table' },
    ],
  }),
  decoder: () => Promise.reject(new Error('not read')),
})
