import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { startChild } from './child-process.ts'
import { dataFiles, flushedLines } from './flushed.ts'

/** Every step at which a kill could leave something behind. */
const places = [
  'files.write',
  'files.sync',
  'sink.commit',
  'files.manifest.write',
  'files.manifest.rename',
  'files.manifest.sync',
  'sink.committed',
  'files.rename',
  'files.cut',
  'checkpoint.save',
  'checkpoint.saved',
]
const rows = 12_000
const variants = [
  { name: 'rolled', sink: { 'sink.rolling-policy.file-size': '64kb' } },
  { name: 'written on, gzip', sink: { 'sink.file-name': '${table}.jsonl', 'sink.compression': 'gzip' } },
  { name: 'rolled, zstd', sink: { 'sink.compression': 'zstd', 'sink.rolling-policy.file-size': '8kb' } },
]
const killsEach = 8

test.concurrent.for(variants)(
  'after kill -9 at any moment no line is lost, repeated or torn: $name',
  { timeout: 180_000 },
  async ({ sink }) => {
    const random = new Random(7)
    let folder = newFolder()
    let kills = 0
    for (let round = 0; kills < killsEach; round++) {
      const name = places[round % places.length]!
      // every third time at no place in particular
      const timed = round % 3 === 2
      const job = { folder, rows, sink, ...(timed ? {} : { failpoint: { name, nth: random.int(1, 8) } }) }
      const child = startChild(job)
      if (timed) {
        await pause(random.int(300, 900))
        child.process.kill('SIGKILL')
      }
      const { signal, said } = await child.ended
      if (signal === 'SIGKILL') kills++
      else {
        expect(said).toBe('done')
        checkLines(folder)
        folder = newFolder()
      }
    }
    expect((await startChild({ folder, rows, sink }).ended).said).toBe('done')
    checkLines(folder)
  },
)

const newFolder = () => mkdtempSync(join(tmpdir(), 'cdc-kill-'))

function checkLines(folder: string): void {
  const ids = flushedLines(join(folder, 'out')).map((line) => Number(JSON.parse(line).row.after[0][1]))
  expect(ids.length).toBe(rows)
  expect(ids.findIndex((id, index) => id !== index + 1)).toBe(-1)
  expect(dataFiles(join(folder, 'out')).filter((file) => file.startsWith('.'))).toEqual([])
  rmSync(folder, { recursive: true })
}
