import { expect, test } from 'vitest'
import { readmeWithLaws } from './law-chapters.ts'

test('the README names every law as the code has it', () => {
  const { is, shouldBe } = readmeWithLaws()
  expect(is, 'Run: node --conditions=cdc-source packages/testkit/test/law-chapters.ts').toBe(shouldBe)
})
