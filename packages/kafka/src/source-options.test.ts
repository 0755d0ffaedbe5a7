import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { describe, expect, test } from 'vitest'
import { sourceOptions } from './source-options.ts'

const rows = json({})
const base = {
  topic: 'orders',
  'properties.bootstrap.servers': 'localhost:9092',
  'scan.startup.mode': 'earliest-offset',
  schema: 'id INT, name STRING',
  format: rows,
}
const { format: _, ...withoutFormat } = base
const { topic: __, ...withoutTopic } = base
const told = (options: object) => sourceOptions.parse(options as never).problems.map(({ message }) => message)

test('the options of a plain topic are taken', () => {
  expect(told(base)).toEqual([])
  expect(told({ ...base, schema: undefined, format: debeziumJson({ 'topic.prefix': 'p' }) })).toEqual([])
  expect(told({ ...withoutTopic, 'topic-pattern': 'orders-.*', 'table-name': 'orders' })).toEqual([])
  expect(
    told({
      ...withoutFormat,
      'value.format': rows,
      'key.format': rows,
      'key.fields': 'k_id',
      'key.fields-prefix': 'k_',
      'value.fields-include': 'EXCEPT_KEY',
      schema: "k_id INT, id INT, o BIGINT METADATA FROM 'offset'",
    }),
  ).toEqual([])
})

describe("Flink's words for what does not go together", () => {
  test.each<[object, string]>([
    [{ ...base, 'topic-pattern': 'o.*' }, "Option 'topic' and 'topic-pattern' shouldn't be set together."],
    [{ ...withoutTopic, 'table-name': 't' }, "Either 'topic' or 'topic-pattern' must be set."],
    [
      { ...base, 'scan.startup.mode': 'timestamp' },
      "'scan.startup.timestamp-millis' is required in 'timestamp' startup mode but missing.",
    ],
    [
      { ...base, 'scan.bounded.mode': 'specific-offsets' },
      "'scan.bounded.specific-offsets' is required in 'specific-offsets' bounded mode but missing.",
    ],
    [
      { ...base, 'scan.startup.mode': 'specific-offsets', 'scan.startup.specific-offsets': 'x' },
      "Invalid properties 'scan.startup.specific-offsets' should follow the format 'partition:0,offset:42;partition:1,offset:300', but is 'x'.",
    ],
    [
      {
        ...base,
        topic: 'a;b',
        'table-name': 't',
        'scan.startup.mode': 'specific-offsets',
        'scan.startup.specific-offsets': 'partition:0,offset:1',
      },
      'Currently Kafka source only supports specific offset for single topic.',
    ],
    [
      { ...base, 'scan.startup.mode': 'group-offsets' },
      "'properties.group.id' is required in 'group-offsets' startup mode (the default) but missing.",
    ],
    [
      { ...base, 'key.fields': 'id' },
      "The option 'key.fields' can only be declared if a key format is defined using 'key.format'.",
    ],
    [
      { ...base, 'key.format': rows },
      "A key format 'key.format' requires the declaration of one or more of key fields using 'key.fields'.",
    ],
    [
      { ...base, 'key.format': rows, 'key.fields': 'no' },
      "Could not find the field 'no' in the table schema for usage in the key format. A key field must be a regular, physical column. The following columns can be selected in the 'key.fields' option:\n[id, name]",
    ],
    [
      {
        ...base,
        'key.format': rows,
        'key.fields': 'id',
        'key.fields-prefix': 'k_',
        'value.fields-include': 'EXCEPT_KEY',
      },
      "All fields in 'key.fields' must be prefixed with 'k_' when option 'key.fields-prefix' is set but field 'id' is not prefixed.",
    ],
    [
      { ...base, 'key.fields-prefix': 'k_' },
      "A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it to 'EXCEPT_KEY' instead to avoid field overlaps.",
    ],
    [
      { ...base, schema: 'id INT PRIMARY KEY' },
      "The Kafka table 'orders' with 'json' format doesn't support defining PRIMARY KEY constraint on the table, because it can't guarantee the semantic of primary key.",
    ],
    [
      { ...base, 'key.format': json({ changelog: 'debezium' }), 'key.fields': 'id' },
      "A key format should only deal with INSERT-only records. But 'json' has other kinds.",
    ],
  ])('%#', (options, message) => expect(told(options)).toContain(message))
})

describe('what is ours to refuse', () => {
  test.each<[object, RegExp]>([
    [{ ...withoutFormat }, /One of 'format' and 'value.format' is needed/],
    [{ ...base, schema: undefined }, /Option 'schema' is needed: 'json' does not tell/],
    [{ ...base, topic: 'a.b' }, /rows need a name: 'table-name' is missing/],
    [
      { ...base, schema: 'id INT, x INT METADATA' },
      /unknown key 'x'; there are topic, partition, headers, header-list/,
    ],
    [
      { ...base, schema: "id INT, h MAP<STRING, STRING> METADATA FROM 'headers'" },
      /its type is MAP<STRING, BYTES> or STRING, not MAP<STRING, STRING>/,
    ],
    [
      { ...base, schema: "id INT, t STRING METADATA FROM 'value.source.table'" },
      /holds 'value\.source\.table', which only values of debezium-json have/,
    ],
    [{ ...base, schema: 'id INT, topic INT METADATA' }, /holds 'topic', so its type is STRING, not INT/],
    [{ ...base, 'errors.tolerance': 'all' }, /needs 'errors.dead-letter-file'/],
    [{ ...base, 'topic-pattern': '(', topic: undefined }, /is no regular expression/],
    [{ ...base, 'properties.bootstrap.server': 'x' }, /bootstrap\.server/],
    [{ ...base, 'scan.parallelism': 2 }, /scan\.parallelism/],
  ])('%#', (options, message) => expect(told(options).join('\n')).toMatch(message))
})
