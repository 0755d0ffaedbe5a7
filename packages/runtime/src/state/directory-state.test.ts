import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { armFailpoints, CdcError, type StateStore } from '@cdc/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryState, type StateWarning } from './directory-state.ts'
import { encodeStateFile } from './state-file.ts'

let root: string
let warnings: StateWarning[]
let opened: StateStore[]

beforeEach(async () => {
  opened = []
  root = await mkdtemp(join(tmpdir(), 'cdc-state-'))
  warnings = []
})
afterEach(async () => {
  armFailpoints(undefined)
  for (const store of opened) await store.close()
  await rm(root, { recursive: true })
})

/** A store that is given back when the test ends. */
async function openStore(pipeline = 'shop'): Promise<StateStore> {
  const store = directoryState(root, { onWarning: (warning) => warnings.push(warning) })(pipeline)
  await store.open()
  opened.push(store)
  return store
}

async function reopened(store: StateStore, pipeline = 'shop'): Promise<StateStore> {
  await store.close()
  return await openStore(pipeline)
}

async function errorOf(promise: Promise<unknown>): Promise<CdcError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (CdcError.is(error)) return error
  throw new Error('A CdcError was expected', { cause: error })
}

const file = (name: string) => join(root, 'shop', name)
const files = async () => (await readdir(join(root, 'shop'))).filter((name) => !name.startsWith('lock')).sort()

test('a new store is empty and keeps what is saved', async () => {
  const store = await openStore()
  expect(await store.load('checkpoint')).toBeUndefined()
  await store.save('checkpoint', 'one')
  await store.save('tables', 'é 😀\n')
  const again = await reopened(store)
  expect(await again.load('checkpoint')).toBe('one')
  expect(await again.load('tables')).toBe('é 😀\n')
})

test('keeps the newest two generations and no more', async () => {
  const store = await openStore()
  for (let i = 1; i <= 5; i++) await store.save('checkpoint', `text ${i}`)
  expect(await files()).toEqual(['checkpoint.4', 'checkpoint.5'])
})

test('pipelines and entries of any name do not touch each other', async () => {
  const names = ['a.b', 'a/b', 'A', 'a', '..', 'lock', 'lock-1', '1', '']
  const stores = await Promise.all(names.map((name) => openStore(name)))
  for (const [i, store] of stores.entries()) for (const entry of names) await store.save(entry, `${i} ${entry}`)
  for (const [i, store] of stores.entries())
    for (const entry of names) expect(await store.load(entry)).toBe(`${i} ${entry}`)
})

test('saves overlap in no order but that of the calls', async () => {
  const store = await openStore()
  let first = true
  armFailpoints(async () => {
    if (first) await new Promise((resolve) => setTimeout(resolve, 30))
    first = false
  })
  await Promise.all([
    store.save('checkpoint', 'one'),
    store.save('checkpoint', 'two'),
    store.save('checkpoint', 'three'),
  ])
  expect(await store.load('checkpoint')).toBe('three')
})

test.for(['empty', 'torn', 'flipped'])(
  'a newest generation that is %s falls back to the one before, with a warning',
  async (kind) => {
    const store = await openStore()
    for (const text of ['one', 'two', 'three']) await store.save('checkpoint', text)
    const bytes = await readFile(file('checkpoint.3'))
    if (kind === 'flipped') bytes[bytes.length - 1]! ^= 1
    const length = kind === 'empty' ? 0 : kind === 'torn' ? bytes.length - 2 : bytes.length
    await writeFile(file('checkpoint.3'), bytes.subarray(0, length))

    const again = await reopened(store)
    expect(await again.load('checkpoint')).toBe('two')
    expect(warnings).toMatchObject([{ code: 'STATE_FELL_BACK', entry: 'checkpoint', generation: 2 }])
    expect(warnings[0]!.message).toContain('checkpoint.3')

    // the intact one stays until two intact ones are there
    await again.save('checkpoint', 'four')
    expect(await files()).toEqual(['checkpoint.2', 'checkpoint.4'])
  },
)

test('both generations damaged is an error that names the file', async () => {
  const store = await openStore()
  for (const text of ['one', 'two']) await store.save('checkpoint', text)
  for (const name of await files()) await truncate(file(name), 20)
  const error = await errorOf((await reopened(store)).load('checkpoint'))
  expect(error).toMatchObject({ code: 'STATE_CORRUPT', kind: 'history-lost' })
  expect(error.message).toContain('checkpoint.2')
})

test('a generation under another generation’s name is not trusted', async () => {
  const store = await openStore()
  for (const text of ['one', 'two']) await store.save('checkpoint', text)
  await writeFile(file('checkpoint.9'), await readFile(file('checkpoint.1')))
  expect(await (await reopened(store)).load('checkpoint')).toBe('two')
  expect(warnings).toHaveLength(1)
})

test('a newer format is refused with both versions, and never fallen back from', async () => {
  const store = await openStore()
  for (const text of ['one', 'two']) await store.save('checkpoint', text)
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256').update('2\n').update('{}').digest('hex')
  await writeFile(file('checkpoint.2'), `cdc-state 2 sha256:${hash}\n{}`)
  const error = await errorOf((await reopened(store)).load('checkpoint'))
  expect(error.code).toBe('STATE_NEWER')
  expect(error.message).toMatch(/version 2, .* version 1 /)
})

test('state of another pipeline is refused with both names', async () => {
  await mkdir(join(root, 'shop'))
  await writeFile(file('checkpoint.1'), encodeStateFile({ pipeline: 'other', entry: 'checkpoint', generation: 1 }, 'x'))
  const error = await errorOf((await openStore()).load('checkpoint'))
  expect(error.code).toBe('STATE_FOREIGN')
  expect(error.message).toMatch(/'other'.*'shop'/)
})

test('what a killed process was writing is tidied up', async () => {
  const store = await openStore()
  await store.save('checkpoint', 'one')
  await writeFile(file('checkpoint.2.x.tmp'), 'cdc-state 1 sha256:')
  const again = await reopened(store)
  expect(await again.load('checkpoint')).toBe('one')
  expect(await files()).toEqual(['checkpoint.1'])
  expect(warnings).toEqual([])
})

test.for(['write', 'fsync', 'rename', 'dirsync'])(
  'a save that fails at %s throws, loses nothing, and the next one works',
  async (step) => {
    const store = await openStore()
    await store.save('checkpoint', 'old')
    armFailpoints((name) => {
      if (name === `checkpoint.${step}`) throw new Error('injected')
    })
    await expect(store.save('checkpoint', 'new')).rejects.toThrow('injected')
    armFailpoints(undefined)
    expect(await store.load('checkpoint')).toBe(step === 'dirsync' ? 'new' : 'old')
    expect((await files()).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await store.save('checkpoint', 'newer')
    expect(await (await reopened(store)).load('checkpoint')).toBe('newer')
  },
)

test('clear removes every entry', async () => {
  const store = await openStore()
  for (const entry of ['checkpoint', 'tables']) for (const text of ['one', 'two']) await store.save(entry, text)
  await store.clear()
  expect(await files()).toEqual([])
  expect(await store.load('checkpoint')).toBeUndefined()
  await store.save('checkpoint', 'first')
  expect(await files()).toEqual(['checkpoint.1'])
})

test('a second open is refused with the holder, until the first is closed', async () => {
  const store = await openStore()
  const error = await errorOf(directoryState(root)('shop').open())
  expect(error).toMatchObject({ code: 'STATE_LOCKED', kind: 'conflict' })
  expect(error.message).toContain(`pid ${process.pid}`)
  expect(error.message).toMatch(/since \d{4}-/)
  await reopened(store)
})

test('of many that open at once one gets the lease', async () => {
  const stores = Array.from({ length: 12 }, () => directoryState(root)('shop'))
  const results = await Promise.allSettled(stores.map((store) => store.open()))
  const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason.code)
  expect(refused).toEqual(Array(11).fill('STATE_LOCKED'))
  await Promise.all(stores.map((store) => store.close()))
})

test('a lease that was taken away stops the next save before anything is written', async () => {
  const first = await openStore()
  await first.save('checkpoint', 'one')
  // what an operator does who believes that the process is dead
  await rm(file('lock-1'))
  const second = await openStore()
  await second.save('checkpoint', 'two')
  const error = await errorOf(first.save('checkpoint', 'stale'))
  expect(error).toMatchObject({ code: 'STATE_CONFLICT', kind: 'conflict' })
  expect(await second.load('checkpoint')).toBe('two')
})

test('a lease that is taken away in the middle of a save stops that save', async () => {
  const first = await openStore()
  await first.save('checkpoint', 'one')
  let second: StateStore | undefined
  armFailpoints(async (name) => {
    if (name !== 'checkpoint.rename' || second !== undefined) return
    await rm(file('lock-1'))
    second = await openStore()
  })
  expect(await errorOf(first.save('checkpoint', 'stale'))).toMatchObject({ code: 'STATE_CONFLICT' })
  expect(await second!.load('checkpoint')).toBe('one')
  await second!.save('checkpoint', 'two')
  expect(await second!.load('checkpoint')).toBe('two')
})

test('a lease that vanishes while a save is published takes the save back', async () => {
  const store = await openStore()
  await store.save('checkpoint', 'one')
  armFailpoints(async (name) => {
    if (name === 'checkpoint.rename') await rm(file('lock-1'))
  })
  expect(await errorOf(store.save('checkpoint', 'stale'))).toMatchObject({ code: 'STATE_CONFLICT' })
  expect(await files()).toEqual(['checkpoint.1'])
})

test('of two that save the same generation the second fails and changes nothing', async () => {
  const store = await openStore()
  await store.save('checkpoint', 'one')
  const theirs = encodeStateFile({ pipeline: 'shop', entry: 'checkpoint', generation: 2 }, 'theirs')
  armFailpoints(async (name) => {
    if (name === 'checkpoint.rename') await writeFile(file('checkpoint.2'), theirs)
  })
  const error = await errorOf(store.save('checkpoint', 'mine'))
  expect(error.code).toBe('STATE_CONFLICT')
  expect(error.message).toContain('generation 2')
  expect(await store.load('checkpoint')).toBe('theirs')
})

test('state that somebody else has saved meanwhile is a conflict', async () => {
  const store = await openStore()
  await store.save('checkpoint', 'one')
  await writeFile(file('checkpoint.2'), encodeStateFile({ pipeline: 'shop', entry: 'checkpoint', generation: 2 }, 'x'))
  expect(await errorOf(store.save('checkpoint', 'mine'))).toMatchObject({ code: 'STATE_CONFLICT' })
  expect(await files()).toEqual(['checkpoint.1', 'checkpoint.2'])
})

const ownStart = async () => {
  const stat = await readFile('/proc/self/stat', 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
}
const lock = { pid: process.pid, host: hostname(), token: 't', since: '2026-01-01T00:00:00Z' }

test('a lock from another host is refused with the file to remove', async () => {
  await mkdir(join(root, 'shop'))
  await writeFile(file('lock-7'), JSON.stringify({ ...lock, host: 'db9.example' }))
  const error = await errorOf(directoryState(root)('shop').open())
  expect(error.code).toBe('STATE_LOCKED')
  expect(error.message).toContain(`process ${process.pid} on host 'db9.example'`)
  expect(error.hint).toContain(`remove ${file('lock-7')}`)
  await rm(file('lock-7'))
  await openStore()
})

test.skipIf(process.platform !== 'linux')('a lock whose pid now belongs to another process is taken over', async () => {
  await mkdir(join(root, 'shop'))
  await writeFile(file('lock-7'), JSON.stringify({ ...lock, start: `${BigInt(await ownStart()) - 1n}` }))
  await openStore()
})

test.skipIf(process.platform !== 'linux')(
  'a lock from before the machine was started again is taken over',
  async () => {
    await mkdir(join(root, 'shop'))
    await writeFile(file('lock-7'), JSON.stringify({ ...lock, start: await ownStart(), boot: 'an earlier one' }))
    await openStore()
  },
)

test('a lock that was torn when the power went is taken over', async () => {
  await mkdir(join(root, 'shop'))
  await writeFile(file('lock-7'), '{"pid":1,"ho')
  await openStore()
})

test('a path through a file is refused by name', async () => {
  await writeFile(join(root, 'taken'), '')
  const error = await errorOf(directoryState(join(root, 'taken'))('shop').open())
  expect(error).toMatchObject({ code: 'STATE_NOT_A_DIRECTORY', kind: 'config' })
  expect(error.message).toContain(join(root, 'taken'))
})

test('a store that is not open refuses to work', async () => {
  const store = directoryState(root)('shop')
  for (const call of [store.load('x'), store.save('x', ''), store.clear()])
    expect(await errorOf(call)).toMatchObject({ code: 'STATE_NOT_OPEN' })
  await store.close()
})
