import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LawBroken, sinkLaws } from '../src/index.ts'
import { readmeWithLaws } from './law-chapters.ts'

test('the README names every law as the code has it', () => {
  const { is, shouldBe } = readmeWithLaws()
  expect(is, 'Run: node --conditions=cdc-source packages/testkit/test/law-chapters.ts').toBe(shouldBe)
})

test('a broken law points at files that are there', () => {
  const { message } = new LawBroken(sinkLaws['SINK-DELETE'], new Error('seen'))
  const files = [...message.matchAll(/[\w/.-]+\.md/g)].map(([file]) => file)
  expect(files).toHaveLength(2)
  for (const file of files) expect(existsSync(new URL(`../../../${file}`, import.meta.url)), file).toBe(true)
})
