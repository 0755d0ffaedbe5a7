import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { installPacked, type Packed, pack, pnpm, publishable, readJson, run } from '../src/pack.ts'
import { examplesRun } from './examples.ts'
import { pluginsRun } from './plugins.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
let folder: string
let project: string
let packed: readonly Packed[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cdc-pack-'))
  project = join(folder, 'project')
  const packages = publishable(root)
  const filters = packages.map(({ name }) => `--filter=${name}`)
  await pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only', ...filters], root)
  packed = await pack(packages, folder)
  await installPacked(packed, project)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const installed = (name: string) => join(project, 'node_modules', name)

it('packs what is built and neither sources nor tests', () => {
  expect(packed.length).toBeGreaterThan(0)
  for (const { name } of packed) {
    const files = readdirSync(installed(name), { recursive: true, encoding: 'utf8' }).filter(
      (file) => !file.startsWith('node_modules'),
    )
    expect(files, name).toContain(join('dist', name.endsWith('/cli') ? 'main.js' : 'index.js'))
    expect(files.filter((file) => /(^src|^test|\.test\.)/.test(file), name)).toEqual([])
  }
})

it('needs nothing that only the workspace has', () => {
  for (const { name } of packed) {
    const manifest = readJson<Record<string, Record<string, string>>>(join(installed(name), 'package.json'))
    const needs = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
    expect(
      Object.entries(needs).filter(([, range]) => /^(workspace|catalog|file|link):/.test(range)),
      name,
    ).toEqual([])
    const own = packed.filter((other) => other.name in needs)
    for (const other of own)
      expect(readJson<{ version: string }>(join(installed(other.name), 'package.json')).version).toBe(other.version)
  }
})

it('holds each package once, so that they share the contract', () => {
  for (const { name } of packed) {
    const copies = readdirSync(join(project, 'node_modules'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith(join('node_modules', name)),
    )
    expect(copies, name).toEqual([])
  }
})

it('can be imported by Node, package by package', async () => {
  const libraries = packed.filter(({ bin }) => bin.length === 0).map(({ name }) => name)
  const script = `for (const name of ${JSON.stringify(libraries)}) console.log(name, Object.keys(await import(name)).length)`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], project)
  const empty = stdout
    .trim()
    .split('\n')
    .filter((line) => line.endsWith(' 0'))
  expect(stdout.trim().split('\n')).toHaveLength(libraries.length)
  expect(empty).toEqual([])
})

it('has types that a strict project takes', async () => {
  const libraries = packed.filter(({ bin }) => bin.length === 0)
  const lines = libraries.map(({ name }, index) => `export * as p${index} from '${name}'`)
  writeFileSync(join(project, 'all.ts'), `${lines.join('\n')}\n`)
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
  const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'false']
  await run(join(root, 'node_modules', '.bin', 'tsc'), [...types, ...strict, 'all.ts'], project)
})

it('brings its commands', async () => {
  const commands = packed.flatMap(({ bin }) => bin)
  for (const command of commands) {
    const { stdout } = await run(join(project, 'node_modules', '.bin', command), ['--help'], project)
    expect(stdout).toContain(command)
  }
})

examplesRun(root, () => project)
pluginsRun(root, () => project)
