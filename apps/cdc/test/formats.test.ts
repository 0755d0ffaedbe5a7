import { join } from 'node:path'
import { debeziumJson } from '@cdc/debezium-json'
import { debeziumOptionTable } from '@cdc/postgres-cdc'
import { expect, test } from 'vitest'
import { loadPipeline } from '../src/config/load.ts'
import { Connectors } from '../src/connectors.ts'
import { fixtures, mistakes, pipelineFile, told } from './pipeline-file.ts'

const file = (options: string) =>
  `name: shop\nplugins: [${join(fixtures, 'formatted.ts')}]\nsource: {connector: datagen, schema: id BIGINT}\nsink:\n  connector: formatted\n${options}`

test('a format is found by its name, or an alias, and configured with the options beside it', async () => {
  const path = pipelineFile(
    file(
      '  format: plain-lines\n  plain-lines.separator: ";"\n  key.format: Lines\n  key.lines.separator: "-"\n  key.plain-lines.upper: true\n',
    ),
  )
  const { sinks } = await loadPipeline(path, {})
  expect(sinks[0]!.sink.capabilities).toMatchObject({ accepts: 'append', keyless: 'refuse' })
})

test("mistakes in a format's options have their line and column, and the keys as they stand in the file", async () => {
  expect(
    await told(
      file(
        '  format: plain-lines\n  plain-lines.uper: true\n  key.format: lines\n  key.lines.upper: perhaps\n  row: 1\n',
      ),
    ),
  ).toEqual([
    "6:11 MISSING_OPTION Option 'plain-lines.separator' is required: Between cells. | Add: plain-lines.separator: ,",
    "7:3 UNKNOWN_OPTION Option 'plain-lines.uper' is unknown. | Did you mean 'plain-lines.upper'?",
    "8:15 MISSING_OPTION Option 'key.lines.separator' is required: Between cells. | Add: key.lines.separator: ,",
    "9:20 INVALID_OPTION Option 'key.lines.upper' must be true or false.",
    "10:3 UNKNOWN_OPTION Option 'row' is unknown. | Did you mean 'rows'?",
  ])
})

test('a format with mistakes is not also said to be one that the connector does not take', async () => {
  const sink = 'sink:\n  connector: upsert-kafka\n  topic: t\n  properties.bootstrap.servers: h:1\n  key.format: json\n'
  const source = 'source: {connector: datagen, schema: "id BIGINT, PRIMARY KEY (id)"}\n'
  expect(await told(`name: shop\n${source}${sink}  value.format: csv\n  value.csv.shema: x\n`)).toEqual([
    expect.stringMatching(/^9:3 UNKNOWN_OPTION Option 'value\.csv\.shema' is unknown\./),
  ])
})

test('an unknown format is told with those there are and the nearest one, beside the other mistakes', async () => {
  expect(await told(file('  format: plain-line\n  row: 1\n'))).toEqual([
    expect.stringMatching(
      /^6:11 UNKNOWN_FORMAT There is no format 'plain-line'\. \| Did you mean 'plain-lines'\? There are: .*plain-lines.*\. Others come with `plugins:`\.$/,
    ),
    "7:3 UNKNOWN_OPTION Option 'row' is unknown. | Did you mean 'rows'?",
  ])
})

test('options of another format, and of the one that was meant, are not called unknown options of the connector', async () => {
  expect(await told(file('  format: plain-lines\n  plain-lines.separator: x\n  json.changelog: none\n'))).toEqual([
    "8:3 UNKNOWN_OPTION Option 'json.changelog' belongs to format 'json', and 'format' is 'plain-lines'. | Leave it out, or set the other format.",
  ])
  expect(await told(file('  format: debezium_json\n  debezium-json.topic.prefix: x\n'))).toEqual([
    expect.stringMatching(/^6:11 UNKNOWN_FORMAT .* \| Did you mean 'debezium-json'\?/),
  ])
})

test('a missing format and one that is no name are mistakes of the connector', async () => {
  expect(await told(file('  rows: x\n'))).toEqual([
    "5:3 MISSING_OPTION Option 'format' is required: The format. | Add: format: ...",
  ])
  expect(await told(file('  format: [plain-lines]\n'))).toEqual([
    "6:11 INVALID_OPTION Option 'format' must name a format.",
  ])
})

test("a format's secrets are not shown, wherever they stand", async () => {
  const text = '  format: plain-lines\n  plain-lines.token: {nested: hunter2}\n  plain-lines.separator: ","\n'
  const [problem] = await mistakes(file(text))
  expect(problem!.code).toBe('INVALID_OPTION')
  expect(problem!.excerpt).not.toContain('hunter2')
  const path = pipelineFile(file('  format: plain-lines\n  plain-lines.token: hunter2\n  plain-lines.separator: ","\n'))
  expect((await loadPipeline(path, {})).secrets).toEqual(['hunter2'])
})

test('each option that the source sends to the format debezium-json is one of that format', () => {
  const sent = [...debeziumOptionTable().matchAll(/set `debezium-json\.([^`]+)` on the sink/g)].map(([, name]) => name!)
  expect(sent.length).toBeGreaterThan(10)
  const { fields } = debeziumJson.options
  const names = Object.entries(fields).flatMap(([name, { text }]) => [name, ...(text.aliases ?? [])])
  expect(names).toEqual(expect.arrayContaining(sent))
})

test('every format that comes with the app is the one of its name, also where a package has several', async () => {
  const connectors = new Connectors()
  for (const name of connectors.names('format')) expect((await connectors.find('format', name))?.name).toBe(name)
  expect(connectors.names('format')).toEqual(
    expect.arrayContaining(['avro', 'avro-confluent', 'debezium-avro-confluent']),
  )
})
