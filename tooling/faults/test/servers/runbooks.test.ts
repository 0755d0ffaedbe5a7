import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startPostgres } from '@cdc/servers'
import { expect, test, vi } from 'vitest'
import { CdcRun, main, pipelineFile } from './cdc-process.ts'

vi.setConfig({ testTimeout: 240_000 })

const page = readFileSync(join(import.meta.dirname, '../../../../docs/18-runbooks.md'), 'utf8')

/** The code blocks of the page of one language, with the section that each stands in. */
function blocks(language: string): { readonly section: string; readonly lines: readonly string[] }[] {
  return page.split(/^## /m).flatMap((section) =>
    [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => ({
      section,
      lines: text!.split('\n').filter((line) => line !== '' && !line.startsWith('--')),
    })),
  )
}

test('every statement and every command of the runbooks can be run', async () => {
  await using server = await startPostgres({ version: 18 })
  await server.query('CREATE DATABASE shop')
  await server.query('CREATE DATABASE warehouse')
  await server.query('CREATE TABLE products (id int PRIMARY KEY); INSERT INTO products VALUES (1)', 'shop')
  const folder = mkdtempSync(join(tmpdir(), 'cdc-runbooks-'))
  const { host, port, user, password } = server
  const connection = {
    hostname: host,
    port,
    username: user,
    password,
    'database-name': 'shop',
    'schema-name': 'public',
  }
  const file = pipelineFile(join(folder, 'shop.yaml'), {
    name: 'shop',
    source: { connector: 'postgres-cdc', ...connection, 'table-name': 'products' },
    sink: { connector: 'jdbc', url: `jdbc:postgresql://${host}:${port}/warehouse`, username: user, password },
    state: './state',
  })
  const run = async () => {
    await using running = new CdcRun(file)
    await running.says('"streaming"')
    expect(await running.stop()).toBe(0)
  }
  const cdc = (args: readonly string[]) =>
    promisify(execFile)(process.execPath, ['--conditions=cdc-source', main, ...args], { cwd: folder })
  await run()

  for (const { section, lines } of blocks('sql')) {
    const database = section.includes('at the **target**') ? 'warehouse' : 'shop'
    for (const line of lines) await server.query(line, database)
  }
  const shells = blocks('sh')
  expect(shells.length).toBeGreaterThan(6)
  for (const { lines } of shells) {
    for (const line of lines) {
      const [command, ...args] = line.replace(/#.*/, '').trim().split(/\s+/)
      if (command !== 'cdc') await promisify(execFile)(command!, args, { cwd: folder })
      else if (args[0] === 'run') await run()
      else await cdc(args)
    }
    if (!lines.some((line) => line.startsWith('cdc slots drop'))) continue
    await cdc(['reset', 'shop.yaml', '--rows', '--yes'])
    await run()
  }
})
