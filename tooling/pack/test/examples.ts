import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type PostgresServer, startPostgres, waitFor } from '@cdc/servers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

/** The examples run in the project as a user would run them: `node pipeline.ts`, against a server with their databases. */
export function examplesRun(root: string, project: () => string): void {
  describe('the examples', () => {
    let server: PostgresServer
    const started: Example[] = []
    const tested: string[] = []

    const start = async (name: string): Promise<Example> => {
      tested.push(name)
      const example = new Example(server, join(root, 'examples', `${name}.ts`), join(project(), name))
      started.push(example)
      return example
    }
    const shop = (sql: string) => server.query(sql, 'shop')
    const warehouse = (sql: string) => server.query(sql, 'warehouse').catch(() => [])
    /** Whatever commits from here on is read. A slot that is still being made is active too, and has no such place. */
    const reads = async (slot: string) =>
      (
        await shop(
          `SELECT 1 FROM pg_replication_slots WHERE slot_name = '${slot}' AND active AND confirmed_flush_lsn IS NOT NULL`,
        )
      ).length === 1

    beforeAll(async () => {
      server = await startPostgres({ version: 15 })
      await server.query('CREATE DATABASE warehouse')
    })
    beforeEach(async () => {
      await server.query('CREATE DATABASE shop')
      await shop('CREATE TABLE products (id int PRIMARY KEY, name text, email text)')
      await shop("INSERT INTO products VALUES (1, 'chair', 'a@example.com'), (2, 'desk', NULL)")
    })
    afterEach(async () => {
      for (const example of started.splice(0)) await example.end('SIGKILL')
      await dropShop(server)
    })
    afterAll(() => server?.stop('immediate'))

    it('pipeline.ts keeps a table equal through a kill', async () => {
      const target = () => warehouse('SELECT id, name FROM products ORDER BY id')
      const first = await start('pipeline')
      await first.until(async () => (await target()).length === 2)
      await first.end('SIGKILL')
      await shop("INSERT INTO products VALUES (3, 'lamp', ''); UPDATE products SET name = 'stool' WHERE id = 1")
      const second = await start('pipeline')
      await second.until(async () => (await target()).length === 3)
      expect(await target()).toEqual([
        { id: 1, name: 'stool' },
        { id: 2, name: 'desk' },
        { id: 3, name: 'lamp' },
      ])
    })

    it('read-changes.ts goes on where it stopped', async () => {
      const first = await start('read-changes')
      await first.until(() => first.output.includes("insert public.products [ 2, 'desk', null ]"))
      expect(await first.end('SIGTERM')).toBe(0)
      await shop('DELETE FROM products WHERE id = 2')
      const second = await start('read-changes')
      await second.until(() => second.output.includes('delete public.products [ 2, undefined, undefined ]'))
      expect(second.output).not.toContain('insert')
      expect(await second.end('SIGTERM')).toBe(0)
    })

    it('callback.ts forgets what has changed', async () => {
      const example = await start('callback')
      await example.until(() => reads('cdc_cache'))
      await shop("UPDATE products SET name = 'table' WHERE id = 2")
      await example.until(() => example.output.includes('forgot product 2'))
      expect(example.output).not.toContain('product 1')
    })

    it('exactly-once.ts commits rows and position together', async () => {
      await server.query('CREATE TABLE history (kind text, id int)', 'warehouse')
      await server.query('CREATE TABLE place (position text); INSERT INTO place VALUES (NULL)', 'warehouse')
      const written = () => warehouse('SELECT kind, id FROM history ORDER BY id, kind')
      const first = await start('exactly-once')
      await first.until(async () => (await written()).length === 2)
      await first.end('SIGKILL')
      await shop('DELETE FROM products WHERE id = 1')
      const second = await start('exactly-once')
      await second.until(async () => (await written()).length === 3)
      expect(await written()).toEqual([
        { kind: 'delete', id: 1 },
        { kind: 'insert', id: 1 },
        { kind: 'insert', id: 2 },
      ])
    })

    it('abort.ts stops when it is told to, with everything saved', async () => {
      const example = await start('abort')
      await example.until(() => example.output.includes('+I[2, desk, null]'))
      expect(await example.end('SIGTERM')).toBe(0)
      expect(example.output).toMatch(/stopped after \d+ changes/)
    })

    it('transform.ts prints what its transform makes of the rows, and ends', async () => {
      const example = await start('transform')
      expect(await example.exit()).toBe(0)
      expect(example.output).toBe('+I[1, chair, ***]\n+I[2, desk, null]\n')
    })

    it('are all run here, and short', () => {
      const files = globSync('examples/*.ts', { cwd: root }).map((file) => basename(file, '.ts'))
      expect([...new Set(tested)].sort()).toEqual(files.sort())
      for (const name of files)
        expect(readFileSync(join(root, 'examples', `${name}.ts`), 'utf8').split('\n').length, name).toBeLessThan(41)
    })
  })
}

/** One example as a process, in a folder of its own that it keeps over restarts. */
class Example {
  readonly #child: ChildProcess
  readonly #exit: Promise<number | string>
  output = ''

  constructor({ host, port, user, password }: PostgresServer, file: string, folder: string) {
    mkdirSync(folder, { recursive: true })
    copyFileSync(file, join(folder, basename(file)))
    const { NODE_OPTIONS: _, ...inherited } = process.env
    const env = { ...inherited, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password }
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', basename(file)], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    this.#exit = once(this.#child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  }

  exit(): Promise<number | string> {
    return this.#exit
  }

  /** Waits for a condition; fails with what it printed when it ends before. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const ended = () => this.#child.exitCode !== null
    await waitFor(async () => (await condition()) || ended(), {
      timeout: 20_000,
      describe: `more than: ${this.output}`,
    })
    if (!(await condition())) throw new Error(`It ended with ${this.#child.exitCode}: ${this.output}`)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    return this.#exit
  }
}

/** Its slots first, each when its killed connection is noticed. */
async function dropShop(server: PostgresServer): Promise<void> {
  const drop =
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = 'shop' AND NOT active"
  const left = "SELECT 1 FROM pg_replication_slots WHERE database = 'shop'"
  await waitFor(
    async () => {
      await server.query(drop)
      return (await server.query(left)).length === 0
    },
    { timeout: 20_000, describe: 'the slots of shop to be dropped' },
  )
  await server.query('DROP DATABASE shop WITH (FORCE)')
}
