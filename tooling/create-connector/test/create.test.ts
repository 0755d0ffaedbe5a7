import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createConnector, type Kind, kinds } from '../src/create.ts'

let into: string
beforeEach(() => {
  into = mkdtempSync(join(tmpdir(), 'create-connector-'))
})
afterEach(() => rmSync(into, { recursive: true }))

const create = (name: string, kind: Kind = 'sink', standalone = false) =>
  createConnector({ name, kind, into, standalone })

test.each(kinds)('a %s says what to fill in, under its own name everywhere', (kind) => {
  const { folder, files } = create('acme-orders', kind)
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'))
  const all = texts.join('\n')
  expect(all).not.toMatch(/new-?connector|NEW_CONNECTOR|PACKAGE_NAME|DESCRIPTION|BASE_TSCONFIG|CORE_RANGE/)
  expect(all).toContain('acmeOrders')
  expect(all).toContain('ACME_ORDERS_')
  expect(all).toContain('name: ')
  expect(texts.filter((text) => text.includes('FILL IN')).length).toBeGreaterThan(4)
  expect(files).toContain(join('src', 'acme-orders.ts'))
})

test('a package of the workspace is in its scope, a stand-alone one is called cdc-<name>', () => {
  const core = JSON.parse(readFileSync(new URL('../../../packages/core/package.json', import.meta.url), 'utf8'))
  expect(create('orders').package).toBe(core.name.replace('core', 'orders'))
  const alone = create('cdc-orders', 'source', true)
  expect(alone.package).toBe('cdc-orders')
  expect(alone.files).toContain('.gitignore')
  const manifest = JSON.parse(readFileSync(join(alone.folder, 'package.json'), 'utf8'))
  expect(manifest.peerDependencies[core.name]).toBe(`^${core.version}`)
  expect(manifest.devDependencies.typescript).toMatch(/^\d/)
})

test.each(['', 'My-Source', '-a', 'a-', 'a--b', 'a_b', '1a', '@acme/a', '../a', 'a'.repeat(41)])(
  'refuses the name %o',
  (name) => {
    expect(() => create(name)).toThrow('cannot name a connector')
    expect(readdirSync(into)).toEqual([])
  },
)

test.each([
  ['class', 'sink'],
  ['options', 'sink'],
  ['target', 'sink'],
  ['describe', 'source'],
  ['upstream', 'source'],
  ['parse', 'format'],
] as const)('refuses the name %s, which means something else in the code of a %s', (name, kind) => {
  expect(() => create(name, kind)).toThrow(`'${name}' means something else in the code of a connector.`)
})

test('writes nothing over', () => {
  create('orders')
  expect(() => create('orders')).toThrow(/orders is there already, and nothing is written over/)
  mkdirSync(join(into, 'empty'))
  expect(create('empty').files.length).toBeGreaterThan(5)
  writeFileSync(join(into, 'taken'), '')
  expect(() => create('taken')).toThrow('is there already')
})
