import { execFileSync, spawnSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedPostgres, startPostgres, waitFor } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { CdcRun, pipelineFile } from './cdc-process.ts'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

/** A mount of our own needs root or a user namespace. */
const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-Urm']
const mounts = spawnSync(unshare[0]!, [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0

const testWith = (possible: boolean) => (possible ? test.concurrent : test.skip)

/** A folder that is a small disk for one process, and how others look at it. */
function smallDisk(size: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-disk-'))
  const wrapper = [...unshare, 'sh', '-c', `mount -t tmpfs -o size=${size} none ${folder} && exec "$0" "$@"`]
  return { folder, wrapper, of: (run: CdcRun) => `/proc/${run.pid}/root${folder}` }
}

/** Writes until nothing more fits. */
function fill(folder: string): void {
  const file = openSync(join(folder, 'ballast'), 'w')
  try {
    for (const size of [65_536, 4096, 1]) {
      const bytes = Buffer.alloc(size)
      try {
        for (;;) writeSync(file, bytes)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    closeSync(file)
  }
}

const empty = (folder: string) => rmSync(join(folder, 'ballast'))

testWith(mounts)('a full disk for the state: nothing is acknowledged, and with room again all goes on', async () => {
  await using rig = await Rig.of({ source: await sharedPostgres(15) })
  const disk = smallDisk('256k')
  const file = pipelineFile(join(rig.state, 'pipeline.yaml'), {
    name: rig.name,
    source: { connector: 'postgres-cdc', ...rig.sourceOptions() },
    sink: { connector: 'jdbc', ...rig.sinkOptions() },
    state: join(disk.folder, 'state'),
  })
  await using run = new CdcRun(file, disk.wrapper)
  await run.says('"streaming"')
  await rig.write()
  await rig.same()
  fill(disk.of(run))
  await rig.write()
  await run.says('STATE_DISK_FULL')
  const confirmed = await rig.confirmed()
  await rig.write()
  await rig.same()
  await run.says('STATE_DISK_FULL', 2)
  expect(await rig.confirmed()).toBe(confirmed)
  empty(disk.of(run))
  await rig.write()
  await rig.same()
  await waitFor(async () => (await rig.confirmed()) !== confirmed, {
    timeout: 120_000,
    describe: 'an acknowledgement',
  })
  expect(await run.stop()).toBe(0)
})

testWith(mounts)(
  'a full disk for files: nothing is acknowledged, and with room again each row is there once',
  async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    const disk = smallDisk('4m')
    const file = pipelineFile(join(rig.state, 'pipeline.yaml'), {
      name: rig.name,
      source: { connector: 'postgres-cdc', ...rig.sourceOptions({ 'table-name': 'ledger' }) },
      sink: {
        connector: 'filesystem',
        path: join(disk.folder, 'out'),
        format: 'debezium-json',
        'debezium-json.topic.prefix': 'p',
      },
      state: join(rig.state, 'state'),
    })
    await using run = new CdcRun(file, disk.wrapper)
    await run.says('"streaming"')
    fill(disk.of(run))
    for (let i = 0; i < 5; i++) await rig.write(20, 200)
    await run.says('FILES_DISK_FULL')
    const confirmed = await rig.confirmed()
    await run.says('FILES_DISK_FULL', 2)
    expect(await rig.confirmed()).toBe(confirmed)
    empty(disk.of(run))
    const expected = (await rig.at('SELECT n FROM ledger ORDER BY n')).map(({ n }) => n)
    const out = join(disk.of(run), 'out')
    const written = () =>
      readdirSync(out, { recursive: true, encoding: 'utf8' })
        // files that are not finished too
        .filter((name) => name.includes('ledger'))
        .flatMap((name) => readFileSync(join(out, name), 'utf8').trimEnd().split('\n'))
        .map((line) => JSON.parse(line).after.n as number)
    await waitFor(() => written().length >= expected.length, { timeout: 120_000, describe: 'all lines' })
    expect(written().sort((a, b) => a - b)).toEqual(expected)
    expect(await run.stop()).toBe(0)
  },
)

testWith(process.getuid?.() === 0 && mounts)(
  'a full disk for the target: the pipeline waits, and with room again all is there once',
  async () => {
    await using target = await startPostgres({ version: 15 })
    const folder = mkdtempSync(join(tmpdir(), 'cdc-space-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'none', folder])
    try {
      const space = join(folder, 'space')
      mkdirSync(space)
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })))
      chownSync(space, uid!, gid!)
      await target.query(`CREATE TABLESPACE small LOCATION '${space}'`)
      await using rig = await Rig.of({ source: await sharedPostgres(15), target })
      await target.query(`ALTER DATABASE "${rig.targetDatabase}" SET TABLESPACE small`)
      const run = rig.start()
      await run.streaming()
      await rig.same()
      fill(folder)
      for (let i = 0; i < 10; i++) await rig.write(500, 500)
      await run.until(() => run.codes.length >= 2, 'the target to refuse')
      const confirmed = await rig.confirmed()
      empty(folder)
      await rig.write()
      await rig.same()
      expect(await rig.confirmed()).not.toBe(confirmed)
      expect(new Set(run.codes)).toEqual(new Set(['TARGET_BUSY']))
      await run.stop()
      await target.stop()
    } finally {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    }
  },
)
