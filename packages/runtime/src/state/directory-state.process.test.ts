import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryState, type StateWarning } from './directory-state.ts'

let root: string
const children: ChildProcess[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cdc-state-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(root, { recursive: true })
})

/** What every child begins with; `say` gives a line to the test. */
const prelude = `
  import { armFailpoints } from '@cdc/core'
  import { directoryState } from '${new URL('directory-state.ts', import.meta.url)}'
  const say = (text) => new Promise((done) => process.stdout.write(text + '\\n', done))
  const attempt = (work) => work.then(() => say('done'), (error) => say([error.code, error.kind, error.message].join('|')))
  const store = directoryState(process.env.STATE)('shop')
`

interface Child {
  readonly process: ChildProcess
  /** Resolves when the system has forgotten it. */
  readonly ended: Promise<unknown>
  /** The next line that it says, or undefined when it has ended. */
  line(): Promise<string | undefined>
}

/** Runs code in a Node process of its own; `through` is a command that starts it. */
function start(code: string, through: readonly string[] = []): Child {
  const node = [
    process.execPath,
    '--conditions=cdc-source',
    '--no-warnings',
    '--input-type=module',
    '-e',
    prelude + code,
  ]
  const [command, ...args] = [...through, ...node]
  // the packages are found from here
  const cwd = new URL('.', import.meta.url)
  const child = spawn(command!, args, {
    cwd,
    env: { ...process.env, STATE: root },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const ended = once(child, 'exit')
  const lines = child.stdout!.setEncoding('utf8')[Symbol.asyncIterator]()
  let rest = ''
  const line = async (): Promise<string | undefined> => {
    for (;;) {
      const end = rest.indexOf('\n')
      if (end >= 0) {
        const found = rest.slice(0, end)
        rest = rest.slice(end + 1)
        return found
      }
      const chunk = await lines.next()
      if (chunk.done) return undefined
      rest += chunk.value
    }
  }
  return { process: child, ended, line }
}

const stayAlive = 'setInterval(() => {}, 1000)'

async function loaded(): Promise<{ text: string | undefined; warnings: StateWarning[] }> {
  const warnings: StateWarning[] = []
  const store = directoryState(root, { onWarning: (warning) => warnings.push(warning) })('shop')
  await store.open()
  const text = await store.load('checkpoint')
  await store.save('checkpoint', 'next')
  await store.close()
  return { text, warnings }
}

test('a live process keeps its lease, stopped or not, and a killed one leaves nothing that blocks', async () => {
  const holder = start(`await store.open(); await store.save('checkpoint', 'its'); await say('ready'); ${stayAlive}`)
  expect(await holder.line()).toBe('ready')
  const held = { code: 'STATE_LOCKED', message: expect.stringContaining(`process ${holder.process.pid} on host`) }
  await expect(directoryState(root)('shop').open()).rejects.toMatchObject(held)
  holder.process.kill('SIGSTOP')
  await expect(directoryState(root)('shop').open()).rejects.toMatchObject(held)

  holder.process.kill('SIGKILL')
  await holder.ended
  expect(await loaded()).toEqual({ text: 'its', warnings: [] })
})

test('of processes that start at once after a kill, one gets the lease', async () => {
  const killed = start(`await store.open(); await say('ready'); ${stayAlive}`)
  await killed.line()
  killed.process.kill('SIGKILL')
  await killed.ended

  const code = `await say('up'); await new Promise((go) => process.stdin.once('data', go)); await attempt(store.open()); ${stayAlive}`
  const rivals = Array.from({ length: 4 }, () => start(code))
  await Promise.all(rivals.map((rival) => rival.line()))
  for (const rival of rivals) rival.process.stdin!.write('go')
  const answers = await Promise.all(rivals.map((rival) => rival.line()))
  expect(answers.filter((answer) => answer === 'done')).toHaveLength(1)
  expect(answers.filter((answer) => answer?.startsWith('STATE_LOCKED'))).toHaveLength(3)
})

test.for(['write', 'fsync', 'rename', 'dirsync'])(
  'a kill at %s leaves the old state or the new, whole',
  async (step) => {
    const victim = start(`
    await store.open()
    await store.save('checkpoint', 'older')
    await store.save('checkpoint', 'old')
    armFailpoints((name) => { if (name === 'checkpoint.${step}') process.kill(process.pid, 'SIGKILL') })
    await attempt(store.save('checkpoint', 'new'))`)
    expect(await victim.line()).toBeUndefined()
    await victim.ended
    expect(await loaded()).toEqual({ text: step === 'dirsync' ? 'new' : 'old', warnings: [] })
    expect((await readdir(join(root, 'shop'))).filter((name) => name.endsWith('.tmp'))).toEqual([])
  },
)

/** A mount of our own needs a user namespace, or root. */
const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-Urm']
const mounts = spawnSync(unshare[0]!, [...unshare.slice(1), 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0
const inMount = (options: string) => [
  ...unshare,
  'sh',
  '-c',
  `mount -t tmpfs -o ${options} none "$STATE" && exec "$0" "$@"`,
]

test.skipIf(!mounts)('a full disk fails the save and leaves the last state; with room again saves go on', async () => {
  const child = start(
    `
    import { writeFile, rm } from 'node:fs/promises'
    await store.open()
    await store.save('checkpoint', 'old')
    await writeFile(process.env.STATE + '/ballast', Buffer.alloc(1 << 20)).catch(() => {})
    await attempt(store.save('checkpoint', 'x'.repeat(20000)))
    await say(await store.load('checkpoint'))
    await rm(process.env.STATE + '/ballast')
    await attempt(store.save('checkpoint', 'new'))
    await say(await store.load('checkpoint'))
    await attempt(store.close())`,
    inMount('size=64k'),
  )
  expect(await child.line()).toMatch(/^STATE_DISK_FULL\|throttled\|Could not save 'checkpoint' in .*ENOSPC/)
  expect(await child.line()).toBe('old')
  expect(await child.line()).toBe('done')
  expect(await child.line()).toBe('new')
  expect(await child.line()).toBe('done')
})

test.skipIf(!mounts)('a read-only file system is refused when it is opened, and when it becomes so', async () => {
  const first = start(`await attempt(store.open())`, inMount('ro'))
  expect(await first.line()).toMatch(/^STATE_READ_ONLY\|config\|Could not open the state in .*EROFS/)
  const second = start(
    `
    import { execFileSync } from 'node:child_process'
    await store.open()
    await store.save('checkpoint', 'old')
    execFileSync('mount', ['-o', 'remount,ro', process.env.STATE])
    await attempt(store.save('checkpoint', 'new'))
    await say(await store.load('checkpoint'))`,
    inMount('size=1m'),
  )
  expect(await second.line()).toMatch(/^STATE_READ_ONLY\|config\|Could not save 'checkpoint'/)
  expect(await second.line()).toBe('old')
})

test.skipIf(process.getuid === undefined)('a directory that may not be written is refused', async () => {
  // root may write everywhere, so somebody else tries
  const somebody = process.getuid?.() === 0 ? 'process.setgid(65534); process.setuid(65534);' : ''
  await chmod(root, 0o555)
  const child = start(`${somebody} await attempt(store.open())`)
  expect(await child.line()).toMatch(/^STATE_NO_PERMISSION\|config\|Could not open the state in .*(EACCES|EPERM)/)
  await chmod(root, 0o755)
})
