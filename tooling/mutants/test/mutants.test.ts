import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutate } from '../src/mutant.ts'
import { mutants } from '../src/mutants/index.ts'
import { root } from '../src/workspace.ts'

test('no two mutants have one name', () => {
  const names = mutants.map(({ name }) => name)
  expect(names).toEqual([...new Set(names)])
})

test.each(mutants)('$name still fits the code that it breaks, and its tests are there', (mutant) => {
  const source = readFileSync(join(root, mutant.file), 'utf8')
  expect(mutate(mutant, source)).not.toBe(source)
  for (const file of mutant.tests) expect(existsSync(join(root, file)), file).toBe(true)
})
