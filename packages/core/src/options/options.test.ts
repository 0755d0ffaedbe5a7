import { expect, test } from 'vitest'
import { choice, duration, flag, integer, prefix, text } from './option.ts'
import { defineOptions } from './option-set.ts'
import { optionTable } from './option-table.ts'

const options = defineOptions({
  url: text({ doc: 'Where.', required: true, example: 'jdbc:postgresql://localhost/db' }),
  rows: integer({ doc: 'How many.', default: 100 }, { min: 0 }),
  on: flag({ doc: 'Whether.' }),
  every: duration({ doc: 'How often.', default: '1s' }),
  mode: choice(['initial', 'snapshot'], { doc: 'How to start.', default: 'initial' }),
  password: text({ doc: 'The password.', secret: true }),
  'properties.*': prefix({ doc: 'Handed on.' }),
})

test('fills in defaults, takes YAML values and strings alike, and gathers a prefix', () => {
  const { values, problems } = options.parse({ url: 'x', rows: '7', on: 'true', mode: 'SNAPSHOT', 'properties.a.b': 1 })
  expect(problems).toEqual([])
  expect(values).toMatchObject({ url: 'x', rows: 7, on: true, every: 1000, mode: 'snapshot' })
  expect(values['properties.*']).toEqual(Object.assign(Object.create(null), { 'a.b': '1' }))
  expect(values.password).toBeUndefined()
})

test('gives every fault at once, with the nearest name and the way to write it', () => {
  const { problems } = options.parse({ urll: 'x', rows: '', every: '5 parsecs', on: 'yes', mode: 'latest' })
  expect(problems.map(({ code, option, hint }) => [code, option, hint])).toEqual([
    ['UNKNOWN_OPTION', 'urll', "Did you mean 'url'?"],
    ['INVALID_OPTION', 'rows', undefined],
    ['INVALID_OPTION', 'every', undefined],
    ['INVALID_OPTION', 'on', undefined],
    ['INVALID_OPTION', 'mode', undefined],
    ['MISSING_OPTION', 'url', 'Add: url: jdbc:postgresql://localhost/db'],
  ])
})

test('hides secrets and whatever it does not know', () => {
  const shown = options.redact({
    url: 'x',
    password: 'p',
    pasword: 'p',
    'properties.sasl.jaas.config': 'p',
    'properties.ssl.keystore.key': 'p',
    'properties.ssl.keystore.location': 'x',
  })
  expect(shown).toEqual({
    url: 'x',
    password: '******',
    pasword: '******',
    'properties.sasl.jaas.config': '******',
    'properties.ssl.keystore.key': '******',
    'properties.ssl.keystore.location': 'x',
  })
})

test('names keys as they stand in the file, where something stands before each of them', () => {
  const { problems } = options.parse({ urll: 'x', rows: 'many', mode: null }, 'value.json.')
  expect(problems).toEqual([
    {
      code: 'UNKNOWN_OPTION',
      option: 'value.json.urll',
      message: "Option 'value.json.urll' is unknown.",
      hint: "Did you mean 'value.json.url'?",
    },
    {
      code: 'INVALID_OPTION',
      option: 'value.json.rows',
      message: "Option 'value.json.rows' must be a whole number of at least 0.",
    },
    { code: 'INVALID_OPTION', option: 'value.json.mode', message: "Option 'value.json.mode' has no value." },
    {
      code: 'MISSING_OPTION',
      option: 'value.json.url',
      message: "Option 'value.json.url' is required: Where.",
      hint: 'Add: value.json.url: jdbc:postgresql://localhost/db',
    },
  ])
})

test('names that users bring along are refused with the reason, alone or by their beginning', () => {
  const set = defineOptions({ size: integer({ doc: 'A size.' }) }, [], {
    'max.size': 'write `size`',
    'queue.*': 'there is no queue',
  })
  const { problems } = set.parse({ 'max.size': 1, 'queue.type': 'x', queue: 'x', size: 2 }, 'a.')
  expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "INVALID_OPTION Option 'a.max.size' is not taken: write `size`.",
    "INVALID_OPTION Option 'a.queue.type' is not taken: there is no queue.",
    "UNKNOWN_OPTION Option 'a.queue' is unknown.",
  ])
  expect(optionTable(set)).toContain('| `queue.*` | there is no queue |')
})
