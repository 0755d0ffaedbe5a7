import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readOptions } from '../src/options.ts'
import { putInto } from '../src/page.ts'
import { noRow } from '../src/table.ts'

const moment = { load: [1.26, 0, 0], at: new Date('2026-11-21T10:00:00Z') }
const circumstances = { started: moment, ended: moment, scale: readOptions(['--runs', '3']).scale }

function page(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'page-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'page.md')
  writeFileSync(file, text)
  return file
}

test('a table takes the place of the one before it, and nothing else of the page changes', () => {
  const other = '<!-- bench: b -->\nother\n<!-- /bench -->\n'
  const file = page(`head\n<!-- bench: a -->\nold\n<!-- /bench -->\n${other}`)
  for (const name of ['first', 'second']) putInto(`${file}#a`, [{ ...noRow, case: name }], circumstances)
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/^head\n<!-- bench: a -->\n\nMedians of 3 on 2026-11-21; load average 1\.3 before, 1\.3 after\./)
  expect(text).toContain('| second |')
  expect(text).not.toMatch(/old|first/)
  expect(text.endsWith(`\n\n<!-- /bench -->\n${other}`)).toBe(true)
})

test('a page without that place is left as it is', () => {
  const file = page('head\n')
  expect(() => putInto(`${file}#a`, [], circumstances)).toThrow('<!-- bench: a -->')
  expect(readFileSync(file, 'utf8')).toBe('head\n')
})
