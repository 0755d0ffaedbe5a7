import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { isDefinition, optionTable } from '@cdc/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConnector, kinds } from '../src/create.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const here = fileURLToPath(new URL('../', import.meta.url))
const execute = promisify(execFile)
/** A short name and one that is as long as a name may be. */
const namesOf = (kind: string) => [`a-${kind}`, `${kind}-${'long-'.repeat(8)}`.slice(0, 40).replace(/-$/, 'x')]
let workspace: string

/** A workspace with what the packages of a real one would be linked to. */
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'generated-'))
  mkdirSync(join(workspace, 'node_modules', '@types'), { recursive: true })
  for (const name of ['@cdc', 'vitest', '@types/node'])
    symlinkSync(join(here, 'node_modules', name), join(workspace, 'node_modules', name))
  const conditions = { resolve: { conditions: ['cdc-source'] } }
  writeFileSync(
    join(workspace, 'vitest.config.mjs'),
    `export default ${JSON.stringify({ ...conditions, ssr: conditions })}\n`,
  )
  for (const kind of kinds)
    for (const name of namesOf(kind)) createConnector({ name, kind, into: packages(), standalone: false })
})
afterAll(() => rmSync(workspace, { recursive: true, force: true }))

const packages = () => join(workspace, 'packages')
const folders = kinds.flatMap(namesOf)

/** Exit code and output, colours taken out. */
async function run(command: string, parameters: readonly string[]): Promise<{ code: number; output: string }> {
  const options = { cwd: workspace, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: '1', CI: '1' } }
  try {
    const { stdout, stderr } = await execute(join(root, 'node_modules', '.bin', command), parameters, options)
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, output: `${stdout}${stderr}` }
  }
}

describe('what is made', () => {
  test('type-checks and builds', async () => {
    for (const folder of folders)
      for (const project of ['tsconfig.json', 'tsconfig.build.json']) {
        const { code, output } = await run('tsc', ['-p', join(packages(), folder, project)])
        expect(code, `${folder}: ${output}`).toBe(0)
      }
  })

  test('is formatted and has nothing that lint finds, however long its name', async () => {
    const { code, output } = await run('biome', [
      'check',
      '--error-on-warnings',
      `--config-path=${root}`,
      '--vcs-enabled=false',
      ...folders.map((folder) => join('packages', folder, 'src')),
      ...folders.map((folder) => join('packages', folder, 'test')),
      ...folders.map((folder) => join('packages', folder, 'package.json')),
    ])
    expect(code, output).toBe(0)
  })

  test('passes its conformance suite', async () => {
    const { code, output } = await run('vitest', ['run', ...kinds.map((kind) => `packages/a-${kind}/`)])
    expect(code, output).toBe(0)
    expect(output).toMatch(/Test Files\s+3 passed/)
    expect(Number(/Tests\s+(\d+) passed/.exec(output)![1])).toBeGreaterThan(60)
  })

  test('fails it, with the name of the law, once it is wrong', async () => {
    const file = join(packages(), 'a-sink', 'src', 'writer.ts')
    const right = readFileSync(file, 'utf8')
    const wrong = right.replace("if (lines !== '') await", 'if (signal.aborted) await')
    expect(wrong).not.toBe(right)
    writeFileSync(file, wrong)
    const { code, output } = await run('vitest', ['run', 'packages/a-sink/', '-t', 'SINK-FLUSH-DURABLE'])
    expect(code).not.toBe(0)
    expect(output).toContain('SINK-FLUSH-DURABLE is broken: When flush(position) resolves')
    expect(output).toContain('packages/testkit/README.md#sink-flush-durable')
    writeFileSync(file, right)
  })

  test('has the table of its options in its README', async () => {
    for (const kind of kinds) {
      const folder = join(packages(), `a-${kind}`)
      const exports = (await import(pathToFileURL(join(folder, 'src', 'index.ts')).href)) as object
      const definition = Object.values(exports).find(isDefinition)!
      expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`\n${optionTable(definition.options)}\n`)
    }
  })
})
