import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { named } from '../src/commands/schema.ts'
import { cdc } from './cdc-process.ts'
import { fixtures, mistakes, pipelineFile } from './pipeline-file.ts'

const printed = await cdc(['schema'])
// the connectors' descriptions and defaults may be of any type
const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowMatchingProperties: true,
})
const validate = ajv.compile(JSON.parse(printed.stdout))
const valid = (yaml: string) => validate(parse(yaml)) as boolean

const postgres = `
  connector: postgres-cdc
  hostname: localhost
  port: 5432
  username: cdc
  password: \${env:PGPASSWORD}
  database-name: shop
  schema-name: public
  table-name: (products|orders)`
const jdbc = `
  connector: jdbc
  url: jdbc:postgresql://localhost:5432/warehouse
  username: app`

const good: readonly (readonly [string, string])[] = [
  ['the smallest', 'name: demo\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: print}'],
  ['the usual one', `name: shop\nsource:${postgres}\nsink:${jdbc}`],
  [
    'everything',
    `name: shop
source:${postgres}
  scan.startup.mode: INITIAL
  debezium.snapshot.mode: never
sinks:
  - connector: JDBC
    name: warehouse
    tables: [public.orders]
    errors.tolerance: All
    url: jdbc:postgresql://localhost:5432/warehouse
    username: app
    sink.max-retries: '5'
    connection-properties.sslmode: require
  - {connector: print, tables: public.products}
metadata: {at: op_ts}
routes: [{from: public.(.*), to: replica.$1}]
state: postgresql://u@h/db
dead-letters: ./letters
metrics: {port: 9464, host: localhost}
pipeline: {batch-rows: 1000, batch-bytes: 4mb, flush-interval: 1s}
plugins: ./plugin.ts`,
  ],
  [
    'references in the place of numbers and choices',
    `name: shop
source:${postgres.replace('5432', '${env:PORT:-5432}')}
  scan.startup.mode: \${env:MODE:-initial}
sink: {connector: blackhole}`,
  ],
]

const bad: readonly (readonly [string, string])[] = [
  ['no source', 'name: a\nsink: {connector: print}'],
  ['no sink', 'name: a\nsource: {connector: datagen, schema: id BIGINT}'],
  ['a name that cannot be', 'name: A b\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: print}'],
  ['an unknown key', 'nmae: a\nname: a\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: print}'],
  ['a connector that is not there', 'name: a\nsource: {connector: datagenn}\nsink: {connector: print}'],
  [
    'a source as a sink',
    'name: a\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: datagen, schema: id BIGINT}',
  ],
  ['an unknown option', `name: a\nsource:${postgres}\n  hostnam: x\nsink: {connector: print}`],
  ['a missing option', `name: a\nsource:${postgres.replace('hostname: localhost', '')}\nsink: {connector: print}`],
  [
    'a word that is none of a choice',
    `name: a\nsource:${postgres}\n  scan.startup.mode: latest\nsink: {connector: print}`,
  ],
  ['a text for a number', `name: a\nsource:${postgres.replace('5432', 'five')}\nsink: {connector: print}`],
  ['a tolerance that is none', `name: a\nsource:${postgres}\nsink:${jdbc}\n  errors.tolerance: some`],
  [
    'an unknown limit',
    'name: a\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: print}\npipeline: {batch-row: 1}',
  ],
  [
    'a route without an end',
    'name: a\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: print}\nroutes: [{from: a.b}]',
  ],
]

describe('the schema', () => {
  test.each(good)('takes a good file: %s', async (name, yaml) => {
    const ok = valid(yaml)
    expect(ok ? [] : validate.errors).toEqual([])
    // and so does the command, which also loads the plug-in
    if (name !== 'everything') expect(await mistakes(yaml, { PGPASSWORD: 'x' })).toEqual([])
  })

  test.each(bad)('refuses a bad file, as the command does: %s', async (_, yaml) => {
    expect(valid(yaml)).toBe(false)
    expect(await mistakes(yaml, { PGPASSWORD: 'x' })).not.toEqual([])
  })

  test('has a description for every option of every connector', () => {
    const undescribed: string[] = []
    for (const role of ['source', 'sink'] as const)
      for (const { then } of JSON.parse(printed.stdout).definitions[role].allOf)
        for (const [key, value] of Object.entries(then.properties as Record<string, { description?: string } | true>))
          if (value !== true && !value.description) undescribed.push(`${then.description}: ${key}`)
    expect(undescribed).toEqual([])
  })
})

describe('cdc schema', () => {
  test('--write puts it beside the file, with its plug-ins, and names it in the first line', async () => {
    const text = `name: a\nplugins: [${join(fixtures, 'many-options.ts')}]\nsource: {connector: datagenn}\n`
    const file = pipelineFile(text)
    const written = join(dirname(file), 'pipeline.schema.json')
    const mode = statSync(file).mode
    for (let run = 0; run < 2; run++) {
      expect((await cdc(['schema', '--write', file])).code).toBe(0)
      expect(readFileSync(file, 'utf8')).toBe(`# yaml-language-server: $schema=./pipeline.schema.json\n${text}`)
    }
    expect(statSync(file).mode).toBe(mode)
    expect(JSON.parse(readFileSync(written, 'utf8')).definitions.sink.properties.connector.anyOf[0].enum).toContain(
      'many-options',
    )
  })

  test('formats of plug-ins are choices, with their options beside them', async () => {
    const file = pipelineFile(`plugins: [${join(fixtures, 'formatted.ts')}]\n`)
    const own = new Ajv({ strict: false }).compile(JSON.parse((await cdc(['schema', file])).stdout))
    const sink = (options: string) =>
      own(parse(`name: a\nsource: {connector: datagen, schema: id BIGINT}\nsink: {connector: formatted, ${options}}`))
    expect(sink(`format: plain-lines, plain-lines.separator: ',', plain-lines.upper: true`)).toBe(true)
    expect(sink(`format: plain-lines, key.format: plain-lines, key.plain-lines.separator: ','`)).toBe(true)
    expect(sink(`format: other`)).toBe(false)
    expect(sink(`format: plain-lines, plain-lines.uper: true`)).toBe(false)
    expect(sink(`format: plain-lines, plain-lines.upper: perhaps`)).toBe(false)
  })

  test('a line of another schema gives way; a byte order mark and line ends stay', () => {
    const line = '# yaml-language-server: $schema=./pipeline.schema.json'
    expect(named('# mine\n# yaml-language-server: $schema=https://x/y.json\nname: a\n')).toBe(
      `# mine\n${line}\nname: a\n`,
    )
    expect(named('\ufeffname: a\r\n')).toBe(`\ufeff${line}\r\nname: a\r\n`)
  })

  test('what cannot be read or written is a coded error', async () => {
    expect((await cdc(['schema', '--write'])).stderr).toContain('CONFIG_NOT_FOUND')
    expect((await cdc(['schema', '--write', '/no/such/file.yaml'])).stderr).toContain('CONFIG_NOT_FOUND')
    const missing = pipelineFile('plugins: [./none.ts]\n')
    expect((await cdc(['schema', missing])).stderr).toContain('PLUGIN_NOT_FOUND')
    const file = pipelineFile('name: a\n')
    mkdirSync(join(dirname(file), 'pipeline.schema.json'))
    expect((await cdc(['schema', '--write', file])).stderr).toContain('FILE_NOT_WRITTEN')
    expect(readFileSync(file, 'utf8')).toBe('name: a\n')
  })
})
