import { expect, test } from 'vitest'
import { debeziumOptions } from './debezium-options.ts'
import { postgresCdcOptions } from './options.ts'
import { slotName } from './slot-name.ts'
import { startupMode } from './startup.ts'

const required = {
  hostname: 'localhost',
  username: 'cdc',
  password: 'secret',
  'database-name': 'shop',
  'schema-name': 'public',
  'table-name': '(products|documents)',
}
const parse = (extra: Record<string, unknown> = {}) => postgresCdcOptions.parse({ ...required, ...extra })
const messages = (extra: Record<string, unknown>) =>
  parse(extra).problems.map(({ message, hint }) => (hint === undefined ? message : `${message} ${hint}`))

test("takes every option of Flink's connector with its default", () => {
  const { values, problems } = parse()
  expect(problems).toEqual([])
  expect(values).toMatchObject({
    port: 5432,
    'decoding.plugin.name': 'pgoutput',
    'scan.startup.mode': 'initial',
    'changelog-mode': 'all',
    'heartbeat.interval.ms': 30_000,
    'scan.incremental.snapshot.chunk.size': 8096,
    'connect.timeout': 30_000,
    'scan.lsn-commit.checkpoints-num-delay': 3,
  })
  expect(slotName(values, 'My shop-1')).toBe('cdc_my_shop_1')
  expect(slotName(parse({ 'slot.name': 'mine' }).values, 'x')).toBe('mine')
})

test('names all start-up modes and the value that was given', () => {
  expect(messages({ 'scan.startup.mode': 'earliest' })).toEqual([
    "Option 'scan.startup.mode' must be one of initial, latest-offset, snapshot, committed-offset, but is 'earliest'.",
  ])
  expect(startupMode(parse({ 'scan.startup.mode': 'Latest-Offset' }).values)).toBe('latest-offset')
})

test("maps Debezium's snapshot modes on to the start-up modes", () => {
  const mapped = (mode: string) => startupMode(parse({ 'debezium.snapshot.mode': mode }).values)
  expect(['initial', 'never', 'no_data', 'initial_only'].map(mapped)).toEqual([
    'initial',
    'latest-offset',
    'latest-offset',
    'snapshot',
  ])
  expect(messages({ 'debezium.snapshot.mode': 'when_needed' })[0]).toContain("but is 'when_needed'")
  expect(messages({ 'debezium.snapshot.mode': 'never', 'scan.startup.mode': 'snapshot' })).toHaveLength(1)
})

test('refuses other plug-ins, slots of an impossible name and expressions that do not compile, all at once', () => {
  expect(
    messages({ 'decoding.plugin.name': 'wal2json', 'slot.name': 'Shop-1', 'table-name': 'a(b', 'schema-name': '*' }),
  ).toEqual([
    expect.stringContaining("can only be pgoutput, but is 'wal2json'"),
    expect.stringContaining('For example: slot.name: shop_1'),
    expect.stringContaining("Option 'schema-name' is no regular expression: '*' does not compile"),
    expect.stringContaining("Option 'table-name' is no regular expression: 'a(b' does not compile"),
  ])
})

test('refuses unknown options of Debezium with the nearest name, and others with the reason', () => {
  expect(messages({ 'debezium.publication.nam': 'x' })[0]).toContain("Did you mean 'debezium.publication.name'?")
  expect(messages({ 'debezium.decimal.handling.mode': 'string' })[0]).toContain('belongs to the format')
  expect(messages({ 'debezium.slot.drop.on.stop': 'true' })[0]).toContain('can only be false')
  expect(
    messages({
      'debezium.slot.drop.on.stop': 'false',
      'debezium.max.batch.size': '10',
      'debezium.publication.name': 'p',
    }),
  ).toEqual([])
})

test('the same option under both names is one', () => {
  const { hostname: _, ...rest } = required
  expect(postgresCdcOptions.parse({ ...rest, 'debezium.database.hostname': 'h' }).values.hostname).toBe('h')
  expect(messages({ 'debezium.database.hostname': 'h' })[0]).toContain('given twice')
})

test('every entry of the table says one thing, and own options are there', () => {
  for (const [name, entry] of Object.entries(debeziumOptions)) {
    if (!('own' in entry)) continue
    const aliases = Object.values(postgresCdcOptions.fields).flatMap((field) => field.text.aliases ?? [])
    expect(aliases, name).toContain(`debezium.${name}`)
  }
})
