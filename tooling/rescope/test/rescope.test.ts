import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RescopeError, rescope, workspaceFiles } from '../src/rescope.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cdc-rescope-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(files: Record<string, string>) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
}
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const small = {
  'packages/core/package.json': '{ "name": "@one/core" }',
  'packages/core-types/package.json': '{ "name": "@one/core-types" }',
  'docs/a.md':
    'import "@one/core", `@one/core-types/x`, @one/*, not @one/other, me@one/core or @one/corelike; @two/cdc-oracle\n',
}

it('changes the names of the workspace and no others', () => {
  write(small)
  rescope(root, '@two')
  expect(read('packages/core/package.json')).toBe('{ "name": "@two/core" }')
  expect(read('docs/a.md')).toBe(
    'import "@two/core", `@two/core-types/x`, @two/*, not @one/other, me@one/core or @one/corelike; @two/cdc-oracle\n',
  )
})

it('refuses a scope in which a name is taken, and changes nothing', () => {
  write({ ...small, 'docs/b.md': '@two/core is somebody else' })
  expect(() => rescope(root, '@two')).toThrow(RescopeError)
  expect(read('packages/core/package.json')).toBe(small['packages/core/package.json'])
})

it('refuses what is no scope', () => {
  expect(() => rescope(root, 'two')).toThrow("'two' is no npm scope")
})

it('leaves none of the old names in this very workspace, and gives the same bytes when done back', () => {
  const own = fileURLToPath(new URL('../../../', import.meta.url))
  const files = workspaceFiles(own)
  for (const file of files) cpSync(join(own, file), join(root, file), { recursive: true })
  const before = new Map(files.map((file) => [file, readFileSync(join(root, file))]))
  const { from, files: changed } = rescope(root, '@zweite')
  expect(changed).toContain('packages/core/package.json')
  expect(changed).toContain('pnpm-lock.yaml')
  const old = new RegExp(`${from}/(core|runtime|servers)\\b`)
  const left = files.filter((file) => old.test(read(file)))
  expect(left).toEqual([])
  rescope(root, from)
  expect(files.filter((file) => !readFileSync(join(root, file)).equals(before.get(file)!))).toEqual([])
})
