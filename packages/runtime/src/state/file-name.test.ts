import { expect, test } from 'vitest'
import { fileName } from './file-name.ts'

test('keeps plain names as they are', () => {
  for (const name of ['shop', 'shop_2', 'my-shop']) expect(fileName(name)).toBe(name)
})

test('gives different names different files, also where case does not count', () => {
  const names = ['', '%', '.', '..', 'a.b', 'a%2eb', 'a/b', 'a\\b', 'A', 'a', 'é', 'e\u0301', '\ud800', '\ud801', 'con']
  names.push('\0', ' ', 'a ', 'a\n', '~', 'x'.repeat(300), `${'x'.repeat(299)}y`, 'lock', 'lock-1', '検索', '😀')
  const files = names.map((name) => fileName(name).toLowerCase())
  expect(new Set(files).size).toBe(names.length)
})

test('never leaves the folder, and is never too long or a device', () => {
  for (const name of ['..', '../../etc', '/etc/passwd', 'nul', 'com1', '.hidden', '😀'.repeat(200), '']) {
    expect(fileName(name)).toMatch(/^[a-z0-9_%~-]{1,200}$/)
    expect(fileName(name)).not.toMatch(/^(nul|com1)$/)
  }
})
