import { expect, test } from 'vitest'
import { json, jsonOptions } from './index.ts'

const problems = (raw: Record<string, unknown>) => jsonOptions.parse(raw).problems.map(({ message }) => message)

test("the names and values are Flink's", () => {
  const written = {
    'fail-on-missing-field': 'false',
    'ignore-parse-errors': 'true',
    'timestamp-format.standard': 'ISO-8601',
    'map-null-key.mode': 'LITERAL',
    'map-null-key.literal': 'n',
    'encode.decimal-as-plain-number': 'true',
    'encode.ignore-null-fields': 'true',
    'decode.json-parser.enabled': 'false',
  }
  expect(problems(written)).toEqual([])
})

test("fail-on-missing-field and ignore-parse-errors exclude each other, in Flink's words", () => {
  expect(problems({ 'fail-on-missing-field': true, 'ignore-parse-errors': true })).toEqual([
    "fail-on-missing-field and ignore-parse-errors shouldn't both be true.",
  ])
})

test('options of the debezium shape are refused without it', () => {
  const raw = { 'encode.split-updates': true, 'schema-include': true, 'encode.truncate': 'write' }
  expect(problems(raw)).toHaveLength(3)
  expect(problems({ ...raw, changelog: 'debezium' })).toEqual([])
})

test('what can be written down follows from changelog', () => {
  expect([json({}), json({ changelog: 'upsert' }), json({ changelog: 'debezium' })].map(({ holds }) => holds)).toEqual([
    'append',
    'upsert',
    'retract',
  ])
})
