import { json } from '@cdc/json'
import { expect, test } from 'vitest'
import { sinkOptions } from './sink-options.ts'

const right = { topic: 't', 'key.format': json({}), 'value.format': json({}), 'properties.bootstrap.servers': 'h:1' }
const problems = (raw: Record<string, unknown>) =>
  sinkOptions.parse({ ...right, ...raw }).problems.map(({ message }) => message)

test.each([
  [{ 'key.format': undefined }, /key\.format/],
  [
    { 'value.format': json({ changelog: 'debezium' }) },
    /'upsert-kafka' connector doesn't support 'json' as value format, because 'json' is not in insert-only mode/,
  ],
  [{ 'sink.buffer-flush.max-rows': 5 }, /must be set to be greater than zero together/],
  [{ 'sink.buffer-flush.interval': '1 s' }, /must be set to be greater than zero together/],
  [{ 'key.fields-prefix': 'k_' }, /A key prefix is not allowed when option 'value\.fields-include' is set to 'ALL'/],
  [{ 'properties.bootstrap.servers': undefined }, /properties\.bootstrap\.servers is needed/],
])('%o is told', (raw, message) => {
  expect(problems(raw).join('\n')).toMatch(message)
})

test('what is right has no problem', () => {
  expect(problems({ 'sink.buffer-flush.max-rows': 5, 'sink.buffer-flush.interval': '1 s' })).toEqual([])
})
