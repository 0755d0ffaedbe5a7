import type { Boundary, BoundaryEncoder, EncodedRecord, Message } from '@cdc/core'
import type { Settings } from '../settings.ts'
import { quoted } from '../text/json-text.ts'
import { type ConnectField, type ConnectSchema, field, optional, required } from './connect-schema.ts'
import type { EncodeContext } from './envelope-encoder.ts'
import { bytesText } from './plain-codecs.ts'
import { SourceBlock, sourceSchema, timeTexts } from './source-block.ts'
import { transactionSchema, wrapping } from './table-parts.ts'
import { transactionId } from './transaction-order.ts'

const struct = (name: string, fields: readonly ConnectField[], version: number | undefined = 1): ConnectSchema => ({
  type: 'struct',
  fields,
  optional: false,
  name,
  ...(version === undefined ? {} : { version }),
})

const postgres = (name: string) => `io.debezium.connector.postgresql.${name}`
const common = (name: string) => `io.debezium.connector.common.${name}`

const messageKey = struct(postgres('MessageKey'), [field('prefix', optional('string'))])
const messageValue = (content: ConnectSchema) =>
  struct(postgres('MessageValue'), [
    field('op', required('string')),
    field('ts_ms', optional('int64')),
    field('source', sourceSchema),
    field('transaction', transactionSchema),
    field('message', struct(postgres('Message'), [field('prefix', optional('string')), field('content', content)])),
  ])

const collection: ConnectSchema = {
  ...struct('event.collection', [
    field('data_collection', required('string')),
    field('event_count', required('int64')),
  ]),
  optional: true,
}
const transactionKey = struct(common('TransactionMetadataKey'), [field('id', required('string'))])
const transactionValue = struct(common('TransactionMetadataValue'), [
  field('status', required('string')),
  field('id', required('string')),
  field('event_count', optional('int64')),
  field('data_collections', { type: 'array', items: collection, optional: true }),
  field('ts_ms', required('int64')),
])

const heartbeatKey = struct(common('ServerNameKey'), [field('serverName', required('string'))])
const heartbeatValue = struct(common('Heartbeat'), [field('ts_ms', required('int64'))])

/** The schemas of the records that belong to no table, by their destination. */
export function boundarySchemas({
  value,
}: Settings): Readonly<
  Record<'message' | 'transaction' | 'heartbeat', { readonly key: ConnectSchema; readonly value: ConnectSchema }>
> {
  const content = optional(value.modes.binary === 'bytes' ? 'bytes' : 'string')
  return {
    message: { key: messageKey, value: messageValue(content) },
    transaction: { key: transactionKey, value: transactionValue },
    heartbeat: { key: heartbeatKey, value: heartbeatValue },
  }
}

/** What a logical message counts as among the collections of a transaction; Debezium writes a Java object's address. */
const MESSAGES = 'message'

/** Puts keys and values of one kind of record into their schemas. */
function framer({ key, value }: Settings, keySchema: ConnectSchema, valueSchema: ConnectSchema) {
  const [k, v] = [wrapping(keySchema, key.schemas), wrapping(valueSchema, value.schemas)]
  return (keyText: string, valueText: string, destination: EncodedRecord['destination']): EncodedRecord => ({
    key: `${k.open}${keyText}${k.close}`,
    value: `${v.open}${valueText}${v.close}`,
    destination,
  })
}

/** Writes logical messages, the bounds of transactions and heartbeats. These records have no headers. */
export class BoundaryRecords implements BoundaryEncoder {
  readonly #context: EncodeContext
  readonly #source: SourceBlock
  readonly #content: (bytes: Uint8Array) => string
  readonly #message: ReturnType<typeof framer>
  readonly #transaction: ReturnType<typeof framer>
  readonly #heartbeat: ReturnType<typeof framer>
  #beat = 0

  constructor(context: EncodeContext) {
    const { settings } = context
    const schemas = boundarySchemas(settings)
    this.#context = context
    this.#source = new SourceBlock(settings, '', '')
    this.#content = bytesText(settings.value.modes)
    this.#message = framer(settings, schemas.message.key, schemas.message.value)
    this.#transaction = framer(settings, schemas.transaction.key, schemas.transaction.value)
    this.#heartbeat = framer(settings, schemas.heartbeat.key, schemas.heartbeat.value)
  }

  encode(change: Message | Boundary): readonly EncodedRecord[] {
    if (change.kind === 'message') return [this.#messageRecord(change)]
    return this.#context.settings.transactions ? [this.#boundary(change)] : []
  }

  heartbeat(): readonly EncodedRecord[] {
    const { settings, clock } = this.#context
    const now = clock()
    if (settings.heartbeat === 0 || now - this.#beat < settings.heartbeat * 1000) return []
    this.#beat = now
    const key = `{"serverName":${quoted(settings.prefix)}}`
    return [this.#heartbeat(key, `{"ts_ms":${timeTexts(now).ms}}`, 'heartbeat')]
  }

  #messageRecord({ prefix, content, origin }: Message): EncodedRecord {
    const { settings, clock, order } = this.#context
    const transaction = settings.transactions ? order.next(origin, MESSAGES) : 'null'
    const { ms } = timeTexts(clock())
    const message = `{"prefix":${quoted(prefix)},"content":${this.#content(content)}}`
    const value = `{"op":"m","ts_ms":${ms},"source":${this.#source.text(origin)},"transaction":${transaction},"message":${message}}`
    return this.#message(`{"prefix":${quoted(prefix)}}`, value, 'message')
  }

  #boundary({ kind, origin }: Boundary): EncodedRecord {
    const id = `"id":"${transactionId(origin)}"`
    const { ms } = timeTexts(origin.transaction.commitTime)
    const value =
      kind === 'begin'
        ? `{"status":"BEGIN",${id},"event_count":null,"data_collections":null,"ts_ms":${ms}}`
        : `{"status":"END",${id},${this.#counts(origin)},"ts_ms":${ms}}`
    return this.#transaction(`{${id}}`, value, 'transaction')
  }

  #counts(origin: Boundary['origin']): string {
    const { total, collections } = this.#context.order.ended(origin)
    const each = Array.from(
      collections,
      ([name, count]) => `{"data_collection":${quoted(name)},"event_count":${count}}`,
    )
    return `"event_count":${total},"data_collections":[${each.join(',')}]`
  }
}
