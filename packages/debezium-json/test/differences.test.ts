import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { differences } from './differences.ts'

test('the docs list every difference, and no other', () => {
  const page = readFileSync(new URL('../../../docs/15-debezium-json.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^\| (?!Case |---)([^|]+) \|/gm)].map(([, name]) => name)
  const known = Object.values(differences).flatMap((all) => all.map(({ name }) => name))
  expect(listed.sort()).toEqual(known.sort())
})
