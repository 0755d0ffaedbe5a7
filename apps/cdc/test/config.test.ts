import { chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipeline } from '../src/config/load.ts'
import { fixtures, mistakes, pipelineFile, refusal, told } from './pipeline-file.ts'

const source = 'source: {connector: datagen, schema: id BIGINT}'
const rest = `${source}\nsink: {connector: print}\n`
const many = (options: string) =>
  `name: shop\nplugins: [${join(fixtures, 'many-options.ts')}]\n${source}\nsink:\n  connector: many-options\n${options}`

test('a file without mistakes is loaded', async () => {
  const loaded = await loadPipeline(
    pipelineFile(`
name: shop
source:
  connector: DataGen            # names are matched without regard to case
  schema: {id: BIGINT}
sinks:
  - connector: PRINT
  - connector: blackhole
    name: nowhere
    tables: [public.a, 'public\\.b.*']
routes:
  - {from: public.(.*), to: replica.$1}
state: ./where
pipeline:
  batch-rows: 500
  checkpoint-interval: 5 s
`),
    {},
  )
  expect(loaded.name).toBe('shop')
  expect(loaded.sinks.map(({ sink, name, tables }) => [sink.connector, name, tables])).toEqual([
    ['print', undefined, undefined],
    ['blackhole', 'nowhere', ['public.a', 'public\\.b.*']],
  ])
  expect(loaded.routes).toEqual([{ from: 'public.(.*)', to: 'replica.$1' }])
  expect(loaded.limits).toMatchObject({ batchRows: 500, checkpointInterval: 5000 })
  expect(loaded.state.directory).toBe(join(dirname(loaded.file), 'where'))
})

test('every mistake of a file comes in one report, in the order of the lines', async () => {
  const report = await told(`name: Shop EU
source:
  connector: datagenn
sinks:
  - connector: print
    print-identifer: x
  - connecter: print
routs: []
pipeline: {batch-rows: 0, retry-attempt: 3}
state: mysql://localhost/x
`)
  expect(report).toEqual([
    "1:7 INVALID_NAME 'Shop EU' cannot be a name: lower-case letters, digits, _ and -, beginning with a letter or digit, at most 59 characters. | For example: shop_eu",
    "3:14 UNKNOWN_CONNECTOR There is no source 'datagenn'. | Did you mean 'datagen'? There are: cdc-postgres, datagen, filesystem, kafka, postgres-cdc, upsert-kafka. Others come with `plugins:`.",
    "6:5 UNKNOWN_OPTION Option 'print-identifer' is unknown. | Did you mean 'print-identifier'?",
    "7:5 MISSING_KEY 'sinks[2]' has no 'connector'. | Did you mean 'connector' by 'connecter'?",
    "8:1 UNKNOWN_KEY Key 'routs' is unknown at the top of the file. | Did you mean 'routes'?",
    "9:24 INVALID_OPTION Option 'batch-rows' must be a whole number from 1 to 1000000.",
    "9:27 UNKNOWN_OPTION Option 'retry-attempt' is unknown. | Did you mean 'retry-attempts'?",
    "10:8 INVALID_STATE 'state' is neither a directory nor a postgresql:// URL. | For example: state: ./state, or state: postgresql://user@host:5432/database",
  ])
})

describe('the keys of the file', () => {
  test.each([
    [
      '',
      '1:1 INVALID_VALUE The file is empty. | A small one: {name: demo, source: {connector: datagen}, sink: {connector: print}}',
    ],
    ['- a\n', '1:1 INVALID_VALUE The file must be a mapping of keys, but is a list. | It begins with: name: shop'],
    [rest, "1:1 MISSING_KEY The pipeline has no 'name'; it names the state and the slot. | Add: name: pipeline"],
    [`name:\n${rest}`, "1:1 INVALID_VALUE 'name' has no value."],
    [`name: [a]\n${rest}`, "1:7 INVALID_VALUE 'name' must be a text, not a list."],
    [
      `name: ../x\n${rest}`,
      "1:7 INVALID_NAME '../x' cannot be a name: lower-case letters, digits, _ and -, beginning with a letter or digit, at most 59 characters. | For example: x",
    ],
    [
      'name: a\nsink: {connector: print}\n',
      "1:1 MISSING_KEY The pipeline has no 'source'. | For example: source: {connector: datagen, ...}",
    ],
    [
      'name: a\nsource: datagen\nsink: {connector: print}\n',
      "2:9 INVALID_VALUE 'source' must be a mapping of keys, but is a text. | For example: source: {connector: datagen, ...}",
    ],
    [
      `name: a\n${source}\n`,
      "1:1 MISSING_KEY The pipeline has no 'sink' and no 'sinks'. | For example: sink: {connector: print}",
    ],
    [
      `name: a\n${source}\nsinks: {connector: print}\n`,
      "3:1 INVALID_VALUE 'sinks' must be a list. | Write 'sink:' for one, or begin each with '- '.",
    ],
    [
      `name: a\n${source}\nsink: [{connector: print}]\n`,
      "3:1 INVALID_VALUE 'sink' is one sink, and this is a list. | Write 'sinks:'.",
    ],
    [
      `name: a\n${source}\nsinks: []\n`,
      "3:8 INVALID_VALUE 'sinks' is an empty list. | For example: sinks: [{connector: print}]",
    ],
    [
      `name: a\n${rest}sinks: [{connector: print}]\n`,
      "3:1 INVALID_VALUE There is a 'sink' and a list of 'sinks'. | Move the one into the list.",
    ],
    [
      `name: a\n${source}\nsink: {type: print}\n`,
      "3:1 MISSING_KEY 'sink' has no 'connector'. | Did you mean 'connector' by 'type'?",
    ],
    [
      `name: a\n${rest}routes: x\n`,
      "4:9 INVALID_VALUE 'routes' must be a list. | For example: routes: [{from: public.(.*), to: replica.$1}]",
    ],
    [
      `name: a\n${rest}routes:\n  - from: a.b\n`,
      "5:5 MISSING_KEY routes[1] has no 'to'. | For example: routes: [{from: public.(.*), to: replica.$1}]",
    ],
    [
      `name: a\n${rest}routes:\n  - {from: 'a.(b', to: c.d}\n`,
      "5:12 INVALID_PATTERN 'a.(b' is not a regular expression: Unterminated group. | Write a regular expression for the whole of schema.table.",
    ],
    [
      `name: a\n${rest}routes:\n  - {from: a.b, to: c.$1}\n`,
      "5:21 INVALID_ROUTE 'c.$1' uses $1, and 'a.b' has no group. | Put what is to be kept in parentheses: from: public.(.*)",
    ],
    [
      `name: a\n${rest}routes:\n  - {from: a.b, to: c}\n`,
      "5:21 INVALID_ROUTE 'c' is not schema.table. | For example: to: replica.$1",
    ],
    [
      `name: a\n${source}\nsink: {connector: print, tables: 'a.[b'}\n`,
      "3:34 INVALID_PATTERN 'a.[b' is not a regular expression: Unterminated character class. | Write a regular expression for the whole of schema.table.",
    ],
    [
      `name: a\n${rest}pipeline: 5\n`,
      "4:11 INVALID_VALUE 'pipeline' must be a mapping of keys, but is a text. | For example: pipeline: {checkpoint-interval: 1s}",
    ],
  ])('%j', async (text, report) => {
    expect(await told(text)).toEqual([report])
  })
})

describe('connectors and sinks', () => {
  test.each([
    [
      'name: a\nsource: {connector: print}\nsink: {connector: print}\n',
      "2:21 WRONG_CONNECTOR_KIND 'print' is a sink and cannot be a source. | There are: cdc-postgres, datagen, filesystem, kafka, postgres-cdc, upsert-kafka.",
    ],
    [
      `name: a\n${source}\nsink: {connector: Postgres-CDC}\n`,
      "3:19 WRONG_CONNECTOR_KIND 'Postgres-CDC' is a source and cannot be a sink. | There are: blackhole, filesystem, jdbc, kafka, print, upsert-kafka.",
    ],
    [
      `name: a\n${source}\nsink: {connector: constructor}\n`,
      "3:19 UNKNOWN_CONNECTOR There is no sink 'constructor'. | There are: blackhole, filesystem, jdbc, kafka, print, upsert-kafka. Others come with `plugins:`.",
    ],
    [
      `name: a\n${source}\nsinks:\n  - {connector: print, name: x}\n  - {connector: print, name: x}\n`,
      "5:6 DUPLICATE_SINK sinks[2] and sinks[1] are both named 'x'. | Give each a name of its own.",
    ],
  ])('%j', async (text, report) => {
    expect(await told(text)).toEqual([report])
  })

  const two = (first: string, second: string) =>
    `name: a\nplugins: [${join(fixtures, 'many-options.ts')}]\n${source}\nsinks:\n  - {connector: many-options, ${first}}\n  - {connector: Many-Options, ${second}}\n`

  test('two sinks that write the same tables to the same place are refused', async () => {
    expect(await told(two('url: many://HOST/db?a=1', 'url: many://host/db, tables: public.orders'))).toEqual([
      '6:6 SINKS_DISAGREE sinks[2] writes public.orders to the place where sinks[1] writes all tables; they would undo or repeat each other. | Leave one out, or give each a `tables:` of its own.',
    ])
    const overlapping = two("url: u, tables: 'public.(orders|x)'", 'url: u, tables: [public.y, public.orders]')
    expect((await mistakes(overlapping)).map(({ code }) => code)).toEqual(['SINKS_DISAGREE'])
  })

  test('two sinks of different tables, or at different places, are not', async () => {
    expect(await told(two('url: u, tables: public.a', 'url: u, tables: public.b'))).toEqual([])
    expect(await told(two('url: u, table-name: a', 'url: u, table-name: b'))).toEqual([])
    expect(await told(two('url: u', 'url: v'))).toEqual([])
  })
})

describe('the options of a connector', () => {
  test('are placed at the key where it is unknown, at the value where it is wrong, at the connector where one is missing', async () => {
    expect(await told(many('  rows: 11\n  mode: fastt\n  passwrd: x\n'))).toEqual([
      "5:3 MISSING_OPTION Option 'url' is required: Where to. | Add: url: many://localhost/db",
      "6:9 INVALID_OPTION Option 'rows' must be a whole number from 1 to 10.",
      "7:9 INVALID_OPTION Option 'mode' must be one of fast, slow, but is 'fastt'.",
      "8:3 UNKNOWN_OPTION Option 'passwrd' is unknown. | Did you mean 'password'?",
    ])
  })

  test('a rule across options is placed at the option, also under another name of it', async () => {
    expect(await told(many('  url: u\n  mode: fast\n  pw: slowpoke\n'))).toEqual([
      '8:7 INVALID_OPTION is for slow mode only. | Set mode: slow',
    ])
  })

  test('keys below keys are explained', async () => {
    expect(await told(many('  url: u\n  properties:\n    a.b: c\n'))).toEqual([
      "7:3 UNKNOWN_OPTION Option 'properties' is unknown. | It holds further keys; write each as one: properties.a.b: ...",
    ])
  })

  test('a value that is wrong where an alias stands is placed at the alias', async () => {
    const text = many('  url: &here 5\n  rows: *here\n  mode: *here\n')
    expect((await told(text)).map((line) => line.split(' ')[0])).toEqual(['8:9'])
  })
})

test('numbers stay as they were written, so a password 0123 is one', async () => {
  const { sinks, secrets } = await loadPipeline(pipelineFile(many('  url: 1e3\n  password: 0123\n')), {})
  expect(sinks[0]!.sink.shown).toEqual(Object.assign(Object.create(null), { url: '1e3', password: '******' }))
  expect(secrets).toEqual(['0123'])
})

test('a key named __proto__ is a key like any other', async () => {
  expect(await told(many('  url: u\n  __proto__: {polluted: true}\n'))).toEqual([
    expect.stringContaining("7:3 UNKNOWN_OPTION Option '__proto__' is unknown."),
  ])
  expect('polluted' in {}).toBe(false)
})

describe('references', () => {
  const file = pipelineFile('from a file\r\n', 'secret')
  const at = (value: string) => many(`  url: ${value}\n`)
  const urlOf = async (value: string, env: Record<string, string>) =>
    (await loadPipeline(pipelineFile(at(value)), env)).sinks[0]!.sink.shown.url

  test.each([
    ['${env:A}', 'x: {y} # z'],
    ['pre-${env:A}-post', 'pre-x: {y} # z-post'],
    ['${env:NONE:-a default}', 'a default'],
    ['${env:EMPTY:-other}', 'other'],
    ['${env:NONE:-}/', '/'],
    [`\${file:${file}}`, 'from a file'],
    ['$${env:A}', '${env:A}'],
    ['${table}', '${table}'],
    ['${env:REFERENCE}', '${env:A}'],
  ])('%s becomes %s', async (value, expected) => {
    const env = { A: 'x: {y} # z', EMPTY: '', REFERENCE: '${env:A}' }
    expect(await urlOf(`'${value}'`, env)).toBe(expected)
  })

  test.each([
    [
      '${env:PGPASSWRD}',
      '6:8 ENV_MISSING Environment variable PGPASSWRD is not set. | Did you mean PGPASSWORD? Set PGPASSWRD, or give a default: ${env:PGPASSWRD:-...}',
    ],
    ['${file:/nowhere/x}', '6:8 FILE_MISSING File /nowhere/x does not exist. | Check the path and its rights.'],
    ['${file:/}', '6:8 FILE_MISSING File / is a directory. | Check the path and its rights.'],
    [
      '${PGPASSWORD}',
      "6:8 INVALID_REFERENCE '${PGPASSWORD}' is no reference that is known. | Write ${env:PGPASSWORD}, ${env:PGPASSWORD:-default} or ${file:/path}; for the text itself write $${.",
    ],
    [
      '${vault:x}',
      "6:8 INVALID_REFERENCE '${vault:x}' is no reference that is known. | Write ${env:NAME}, ${env:NAME:-default} or ${file:/path}; for the text itself write $${.",
    ],
  ])('%s is a mistake', async (value, report) => {
    expect(await told(at(`'${value}'`), { PGPASSWORD: 'x' })).toEqual([report])
  })

  test('are never followed in keys', async () => {
    const report = await told(many('  url: u\n  ${env:A}: x\n'), { A: 'rows' })
    expect(report).toEqual([expect.stringContaining("7:3 UNKNOWN_OPTION Option '${env:A}' is unknown.")])
  })
})

describe('YAML', () => {
  test.each([
    ['name: a\nname: b\n', "2:1 DUPLICATE_KEY Key 'name' stands twice in one mapping. | Remove one of the two."],
    [
      'name: !secret b\n',
      '1:7 INVALID_YAML Tags (!word) are not supported. | Text that begins with ! goes in single quotes.',
    ],
    [
      'name: *b\n',
      '1:7 INVALID_YAML This alias names no anchor above it. | Text that begins with * goes in single quotes.',
    ],
    [
      'name: @b\n',
      "1:7 INVALID_YAML A text cannot begin with this character. | Put text with special characters in single quotes: 'like @this: #one'.",
    ],
    [
      'name: a: b\n',
      "1:7 INVALID_YAML There is a second `key:` on this line, or the line is indented too far. | Put text with special characters in single quotes: 'like @this: #one'.",
    ],
    ['\tname: a\n', '1:1 INVALID_YAML A tab cannot indent. | Indent with spaces.'],
    ['name: "a\n', '2:1 INVALID_YAML A text that begins with " is not closed.'],
    [
      'name: "\\d"\n',
      '1:8 INVALID_YAML This is no escape that double quotes know. | In double quotes a backslash is written twice; in single quotes once.',
    ],
    ['name: a\n---\nname: b\n', '2:1 INVALID_YAML A second document begins here (---). | Keep one pipeline a file.'],
    [
      'source:\n    a: 1\n  b: 2\n',
      '3:1 INVALID_YAML This line is indented differently from its neighbours, or a bracket above is not closed.',
    ],
    [
      'name\nsource: a\n',
      '1:1 INVALID_YAML This line is no `key: value`, or is indented differently from its neighbours.',
    ],
    [
      "name: 'it's'\n",
      "1:11 INVALID_YAML This does not belong here. | Is a quote or a bracket before it closed too early? Put text with special characters in single quotes: 'like @this: #one'.",
    ],
    [
      `<<: {name: a}\nname: a\n${rest}`,
      '1:1 INVALID_YAML Merge keys (<<) are not supported. | Write the keys out, or use an alias for the whole value.',
    ],
    [`? [a]\n: b\nname: a\n${rest}`, '1:3 INVALID_YAML A key must be a text.'],
    [
      `name: !!binary aGk=\n${rest}`,
      '1:16 INVALID_YAML A tag makes something else than a text, a number or a truth value of this. | Remove the tag (the word that begins with !).',
    ],
  ])('%j', async (text, report) => {
    expect(await told(text)).toContain(report)
  })

  test('aliases that unfold without end or measure are refused at once', async () => {
    const laughs = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, index) => {
        const before = 'abcdefg'[index]
        return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`
      }),
    ].join('\n')
    expect((await told(laughs)).filter((line) => line.includes('ALIAS_LIMIT'))).toHaveLength(1)
    expect((await told('name: &a [*a]\n')).join()).toContain('1:11 ALIAS_LIMIT')
  })
})

test('what is no file that can be read is said so', async () => {
  const file = pipelineFile('name: a\n', 'shop.yaml')
  const missing = join(dirname(file), 'shopp.yaml')
  expect(await refusal(missing)).toBe(`CONFIG_NOT_FOUND There is no file ${missing}. | Did you mean shop.yaml?`)
  expect(await refusal(dirname(file))).toContain(`CONFIG_UNREADABLE ${dirname(file)} is a directory.`)
  const binary = join(dirname(file), 'binary.yaml')
  writeFileSync(binary, Buffer.from([0x6e, 0xff, 0xfe]))
  expect(await refusal(binary)).toContain('is not UTF-8 text.')
  writeFileSync(binary, `name: ${'a'.repeat(1_048_576)}`)
  expect(await refusal(binary)).toContain('has 1048582 bytes; at most 1 MB is read.')
  chmodSync(binary, 0o644)
})

test('a byte order mark does not shift columns', async () => {
  expect((await told(`\uFEFFname: A\n${rest}`))[0]).toMatch(/^1:7 INVALID_NAME/)
})

describe('plug-ins', () => {
  const loads = (plugin: string) => told(`name: a\nplugins:\n  - ${plugin}\n${rest}`)

  test.each([
    [join(fixtures, 'no-connector.ts'), 'PLUGIN_EMPTY Plug-in', 'exports no connector'],
    [
      join(fixtures, 'other-contract.ts'),
      'PLUGIN_CONTRACT Plug-in',
      'was made for contract 99, and this version of cdc has contract 1.',
    ],
    [join(fixtures, 'throwing.ts'), 'PLUGIN_BROKEN Plug-in', 'cannot be loaded: no native module for this platform'],
    [
      join(fixtures, 'named-print.ts'),
      'PLUGIN_DUPLICATE Plug-in',
      "brings 'PRINT', and there is a sink of the name 'PRINT' already.",
    ],
    ['./nowhere.js', "PLUGIN_NOT_FOUND Plug-in './nowhere.js' is not there: no file /", ''],
    [
      "'@acme/cdc-oracle'",
      "PLUGIN_NOT_FOUND Plug-in '@acme/cdc-oracle' is not installed in",
      'Run `npm install @acme/cdc-oracle` in',
    ],
  ])('%s', async (plugin, code, text) => {
    const [report, ...others] = await loads(plugin)
    expect(others).toEqual([])
    expect(report).toContain(`3:5 ${code}`)
    expect(report).toContain(text)
  })

  test('one that is there adds its connector, by name and alias', async () => {
    const file = join(fixtures, 'many-options.ts')
    expect(await told(`name: a\nplugins: ${file}\n${source}\nsink: {connector: PLENTY, url: u}\n`)).toEqual([])
  })
})

describe('secrets in a report', () => {
  const shown = async (text: string, env = {}) => (await mistakes(text, env)).map(({ excerpt }) => excerpt)

  test('the value of a secret option, of an unknown one, and a password in a URL are not shown', async () => {
    const password = 'hunter2hunter2'
    expect(await shown(many(`  url: u\n  password: [${password}]\n`))).toEqual(['  password: ******'])
    expect(await shown(many(`  url: u\n  pasword: ${password}\n`))).toEqual(['  pasword: ******'])
    expect(await shown(many(`  url: u\n  rows: u://me:${password}@host\n`))).toEqual(['  rows: u://me:******@host'])
    expect(await shown(`name: a\nsource:\n  password: @${password}\n`)).toEqual(['  password: ******'])
  })

  test('a reference to one is', async () => {
    expect(await shown(many('  url: u\n  mode: fast\n  password: ${env:PW}\n'), { PW: 'slow1' })).toEqual([
      '  password: ${env:PW}',
    ])
  })
})
