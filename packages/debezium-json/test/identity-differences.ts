import type { Difference } from './differences.ts'
import type { TopicRecord } from './golden-records.ts'
import { Branch, parseTree } from './json-tree.ts'
import { idOf, isTopic, mendCell, mendField, payloadOf, rowsOf } from './mend.ts'

type Config = Readonly<Record<string, string>>

/** A key, in its schema where the configuration has schemas. */
function keyTree(table: string, fields: string, payload: string, config: Config) {
  if (config['key.converter.schemas.enable'] !== 'true') return parseTree(payload)
  const schema = `{"type":"struct","fields":[${fields}],"optional":false,"name":"srv1.public.${table}.Key"}`
  return parseTree(`{"schema":${schema},"payload":${payload}}`)
}

/** The codes of the three rows that lose theirs, in order, and what they become. */
const deletedCodes = ['c1', 'c3', 'C1']
const changedCodes: Readonly<Record<string, string>> = { c1: 'C1', c3: 'C33' }
let deleted = 0

/** Debezium's keys are of the column `id`, which the server does not send under this identity. */
function mendIndexKey(record: TopicRecord, config: Config, at: number): boolean {
  if (at === 0) deleted = 0
  const before = payloadOf(record)?.get('before')
  const isDelete = before instanceof Branch || payloadOf(record)?.get('__deleted') === '"true"'
  // unwrapped, the tombstone is all that is left of a delete
  const isFirstTrace = isDelete || (record.value === undefined && config['transforms.unwrap.type'] !== undefined)
  if (isFirstTrace) deleted++
  const old = deletedCodes[deleted - 1]!
  const code = isDelete || record.value === undefined ? old : String(rowsOf(record)[0]!.get('code')).replaceAll('"', '')
  const field = '{"type":"string","optional":false,"field":"code"}'
  record.key = keyTree('ri_index', field, `{"code":"${code}"}`, config)
  record.headers = record.headers.map(([name, value]) => {
    if (name === '__debezium.newkey') return [name, parseTree(`{"code":"${changedCodes[code]}"}`)]
    return name === '__debezium.oldkey' ? [name, parseTree(`{"code":"${old}"}`)] : [name, value]
  })
  return true
}

const numberField = (name: string, type: string) => `{"type":"${type}","optional":false,"field":"${name}"}`

/** What the catalog says of the table when each row is read. */
function mendDdl(record: TopicRecord, config: Config, at: number): boolean {
  if (at === 0) return false
  const id = Number(idOf(record))
  if (id === 10) {
    const fields = `${numberField('bb', 'int64')},${numberField('id', 'int32')}`
    record.key = keyTree('ddl', fields, '{"bb":10,"id":10}', config)
    mendField(record, 'bb', (text) => text.replace('"optional":true', '"optional":false'))
  } else if (id !== 9) record.key = keyTree('ddl', numberField('id', 'int32'), `{"id":${id}}`, config)
  // row 9 comes while there is no primary key: so has Debezium it
  mendField(record, 'id', (text) => text.replace('"optional":true', '"optional":false'))
  mendField(record, 'd', (text) => text.replace('"optional":true', '"optional":false,"default":"dd"'))
  mendField(record, 'e', (text) => text.replace('"optional":true', '"optional":true,"default":5'))
  return true
}

function mendCollections(record: TopicRecord): boolean {
  const collections = payloadOf(record)?.get('data_collections')
  if (!Array.isArray(collections)) return false
  let done = false
  for (const one of collections as Branch[]) {
    if (!String(one.get('data_collection')).includes('LogicalDecodingMessageId')) continue
    one.set('data_collection', '"message"')
    done = true
  }
  return done
}

/** A transaction that held only a row of a table that the source does not read. */
function mendCounts(record: TopicRecord): boolean {
  const value = payloadOf(record)
  const collections = value?.get('data_collections')
  if (!Array.isArray(collections)) return false
  const unread = (one: unknown) =>
    ['"public.ri_nothing"', '"public.ddl_new"'].includes(String((one as Branch).get('data_collection')))
  if (!collections.some(unread)) return false
  value!.set('event_count', '0')
  value!.set('data_collections', [])
  return true
}

const PLACEHOLDER = '__debezium_unavailable_value'
const inHex = Buffer.from(PLACEHOLDER).toString('hex')

export const identityDifferences: readonly Difference[] = [
  {
    name: 'REPLICA IDENTITY NOTHING',
    reason:
      'Updates and deletes of such a table cannot be followed: the source refuses it, so this test does not read it.',
    mend: (record) => (isTopic(record, 'ri_nothing') ? 'drop' : mendCounts(record)),
  },
  {
    name: 'tables made while streaming',
    reason: 'The source does not take them in yet, and says so.',
    mend: (record) => (isTopic(record, 'ddl_new') ? 'drop' : false),
  },
  {
    name: 'keys under REPLICA IDENTITY USING INDEX',
    reason:
      'Debezium\'s key is the primary key, of which the server sends nothing: {"id":0} for deletes of any row, and rows that move leave their old key behind. Here the index\'s columns are the key.',
    mend: (record, config, at) => isTopic(record, 'ri_index') && mendIndexKey(record, config, at),
  },
  {
    name: 'shapes of a table that is being altered',
    reason:
      'Debezium asks for keys, NOT NULL and defaults by the name that the table had, after it was renamed: no keys, everything optional.',
    mend: (record, config, at) => isTopic(record, 'ddl') && mendDdl(record, config, at),
  },
  {
    name: 'logical messages among the collections of a transaction',
    reason: 'Debezium writes the address of a Java object in the place of a name. Here it is `message`.',
    mend: mendCollections,
  },
  {
    name: 'the placeholder of bytea in hexadecimal',
    reason: 'Debezium writes the placeholder as it is, which is no hexadecimal, and null for arrays.',
    mend: (record, config) =>
      config['binary.handling.mode'] === 'hex' &&
      isTopic(record, 'toast_default') &&
      [
        mendCell(record, 'by', `"${PLACEHOLDER}"`, `"${inHex}"`) && mendCell(record, 'a_by', 'null', `["${inHex}"]`),
      ].some(Boolean),
  },
]
