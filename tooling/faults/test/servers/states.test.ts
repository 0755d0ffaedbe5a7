import { cpSync, mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CdcError } from '@cdc/core'
import { directoryState } from '@cdc/runtime'
import { sharedPostgres, waitFor } from '@cdc/servers'
import { describe, expect, test, vi } from 'vitest'
import { CdcRun, pipelineFile } from './cdc-process.ts'
import { Rig } from './rig.ts'

vi.setConfig({ testTimeout: 240_000 })

/** The files of the state, by path. */
function filesOf(rig: Rig): Map<string, Buffer> {
  const folder = join(rig.state, rig.name)
  const names = readdirSync(folder).filter((name) => /\.\d+$/.test(name) && !name.startsWith('lock'))
  return new Map(names.map((name) => [join(folder, name), readFileSync(join(folder, name))]))
}

async function codeOfLoading(state: string, name: string): Promise<string> {
  const store = directoryState(state, { onWarning() {} })(name)
  await store.open()
  try {
    return (await store.load('checkpoint')) === undefined ? 'nothing' : 'loaded'
  } catch (failure) {
    return CdcError.from(failure).code
  } finally {
    await store.close()
  }
}

describe('a damaged state', () => {
  test.concurrent('each byte flipped and each truncation of the checkpoint of a real pipeline is seen', async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    await rig.runOnce()
    const checkpoints = [...filesOf(rig)].filter(([path]) => path.includes('checkpoint'))
    expect(checkpoints).toHaveLength(2)
    const least = Math.min(...checkpoints.map(([, bytes]) => bytes.length))
    const codes = new Set<string>()
    const damageAll = async (damage: (bytes: Buffer) => Buffer) => {
      for (const [path, bytes] of checkpoints) writeFileSync(path, damage(Buffer.from(bytes)))
      codes.add(await codeOfLoading(rig.state, rig.name))
    }
    for (let at = 0; at < least; at++) {
      await damageAll((bytes) => {
        bytes[at]! ^= 1 << (at % 8)
        return bytes
      })
      await damageAll((bytes) => bytes.subarray(0, at))
    }
    expect([...codes]).toEqual(['STATE_CORRUPT'])
    for (const [path, bytes] of checkpoints) writeFileSync(path, bytes)
    await rig.write()
    await rig.runOnce()
  })

  test.concurrent('a pipeline whose state is damaged writes nothing and moves no slot', async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    await rig.runOnce()
    await rig.write()
    const files = filesOf(rig)
    for (const [path, bytes] of files)
      writeFileSync(
        path,
        bytes.map((byte, i) => (i === bytes.length - 3 ? byte ^ 4 : byte)),
      )
    await rig.refuses('STATE_CORRUPT')
    for (const path of files.keys()) truncateSync(path, 0)
    await rig.refuses('STATE_CORRUPT')
    for (const [path, bytes] of files) writeFileSync(path, bytes)
    await rig.runOnce()
  })

  test.concurrent('when only the newest generation is damaged the one before is used, and nothing comes twice', async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    await rig.runOnce()
    await rig.write()
    await rig.runOnce()
    const newest = [...filesOf(rig).keys()]
      .filter((path) => path.includes('checkpoint'))
      .sort()
      .at(-1)!
    truncateSync(newest, 30)
    await rig.write()
    await rig.runOnce()
  })

  test.concurrent('a state that was set back to an earlier copy is no harm', async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    await rig.runOnce()
    const copy = mkdtempSync(join(tmpdir(), 'cdc-faults-'))
    cpSync(rig.state, copy, { recursive: true })
    await rig.write()
    await rig.runOnce()
    await rig.write()
    await rig.runOnce({ state: copy })
  })
})

describe('two processes', () => {
  const fileOf = (rig: Rig, name: string, state: string) =>
    pipelineFile(join(rig.state, name), {
      name: rig.name,
      source: { connector: 'postgres-cdc', ...rig.sourceOptions({ 'debezium.slot.max.retries': '1' }) },
      sink: { connector: 'jdbc', ...rig.sinkOptions() },
      state: join(rig.state, state),
    })

  test.concurrent('with one state: the second is refused, though the first is frozen, which then goes on', async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    const file = fileOf(rig, 'one.yaml', 'state')
    await using first = new CdcRun(file)
    await first.says('"streaming"')
    await rig.same()
    first.child.kill('SIGSTOP')
    await using second = new CdcRun(file)
    expect(await second.exit()).not.toBe(0)
    expect(second.said('STATE_LOCKED')).toBeGreaterThan(0)
    await rig.write()
    first.child.kill('SIGCONT')
    await rig.same()
    expect(await first.stop()).toBe(0)
  })

  test.concurrent('a frozen process that was replaced writes nothing when it wakes up', async () => {
    await using rig = await Rig.of({ source: await sharedPostgres(15) })
    await using first = new CdcRun(fileOf(rig, 'one.yaml', 'state'))
    await first.says('"streaming"')
    await rig.same()
    // there is work in its hands
    const holder = await rig.target.client(rig.targetDatabase)
    await holder.query('BEGIN; LOCK TABLE ledger, items')
    await rig.write()
    await waitFor(async () => (await rig.there('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0)
    first.child.kill('SIGSTOP')
    await holder.end()
    const [walsender] = await rig.pids('walsender')
    await rig.at(`SELECT pg_terminate_backend(${walsender})`)
    // the operator ends what it left at the target too, as POSITION_LOCKED tells
    await rig.there(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    await using second = new CdcRun(fileOf(rig, 'two.yaml', 'state-2'))
    await second.says('"streaming"')
    await rig.write()
    await rig.same()
    first.child.kill('SIGCONT')
    await rig.write()
    await first.says('SLOT_BUSY')
    await rig.write()
    await rig.same()
    expect(await second.stop()).toBe(0)
    await rig.write()
    await rig.same()
    expect(await first.stop()).toBe(0)
  })
})

test.concurrent('a password that is rotated in a file is read by the next start', async () => {
  await using rig = await Rig.of({ source: await sharedPostgres(15) })
  await rig.at(`CREATE ROLE ${rig.name} LOGIN SUPERUSER PASSWORD 'first'`)
  const secret = join(rig.state, 'password')
  writeFileSync(secret, 'first\n')
  const file = pipelineFile(join(rig.state, 'pipeline.yaml'), {
    name: rig.name,
    source: { connector: 'postgres-cdc', ...rig.sourceOptions({ username: rig.name, password: `\${file:${secret}}` }) },
    sink: { connector: 'jdbc', ...rig.sinkOptions() },
    state: join(rig.state, 'state'),
  })
  await using first = new CdcRun(file)
  await first.says('"streaming"')
  await rig.at(`ALTER ROLE ${rig.name} PASSWORD 'second'`)
  writeFileSync(secret, 'second\n')
  await rig.write()
  await rig.at(`SELECT pg_terminate_backend(${(await rig.pids('walsender'))[0]})`)
  expect(await first.exit()).toBe(3)
  expect(first.said('PASSWORD_WRONG')).toBeGreaterThan(0)
  await rig.write()
  await using second = new CdcRun(file)
  await rig.same()
  expect(await second.stop()).toBe(0)
})
