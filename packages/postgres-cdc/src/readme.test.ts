import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { debeziumOptionTable } from './debezium-options.ts'

test("the README's table of Debezium's options is the one that decides", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const between = readme.split('<!-- debezium -->')[1]?.split('<!-- /debezium -->')[0]
  expect(between?.trim()).toBe(debeziumOptionTable())
})
