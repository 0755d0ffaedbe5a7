import {
  type BoundaryEncoder,
  type Decoder,
  type Encoder,
  type Format,
  type FormatContext,
  type Table,
  tableName,
} from '@cdc/core'
import {
  BoundaryRecords,
  boundarySchemas,
  type Clock,
  type ConnectSchema,
  contextHeaders,
  HandledAt,
  microsecondClock,
  runId,
  type Settings,
  TransactionOrder,
  topicName,
} from '@cdc/debezium-json/envelope'
import { truncated } from '@cdc/row-records'
import { EnvelopeDecoder } from '../decode/envelope-decoder.ts'
import { error } from '../errors.ts'
import { ChangeWriter, changeEncoder } from '../plain/change-encoder.ts'
import { changeSchema, derivedFields } from '../plain/derive-schema.ts'
import { rowFaults } from '../plain/row-faults.ts'
import { derivedSchema, FramedWriter, RecordReaders, shapeOf } from '../plain/shapes.ts'
import { RegistryClient, type SchemaRegistry } from '../registry/registry-client.ts'
import { registrySettings } from '../registry/registry-options.ts'
import { type Destination, SubjectNames } from '../registry/subject-names.ts'
import { WriterSchemas } from '../registry/writer-schemas.ts'
import { avroSchemaText } from '../schema/connect-avro.ts'
import { parseAvroSchema } from '../schema/parsed-schema.ts'
import { AvroWriter } from '../wire/avro-writer.ts'
import { frameOf } from '../wire/frame.ts'
import { AvroBoundaryEncoder, type BoundarySchemas } from './boundary-encoder.ts'
import { type DebeziumAvroValues, envelopeSettings } from './debezium-avro-options.ts'
import { type EnvelopeContext, EnvelopeEncoder } from './envelope-encoder.ts'
import { EnvelopeParts } from './envelope-parts.ts'

type Kind = 'message' | 'transaction' | 'heartbeat'

/** For tests: what tells when an event was handled, what the run is named, where schemas are kept. */
export interface Stead {
  readonly clock?: Clock
  readonly run?: string
  readonly registry?: SchemaRegistry
}

/** Debezium's change events in Avro, or Flink's. Encoders of one instance number the events of transactions together. */
export class DebeziumAvroFormat implements Format {
  readonly #values: DebeziumAvroValues
  readonly #settings: Settings
  readonly #context: FormatContext
  readonly #client: SchemaRegistry
  readonly #subjects: SubjectNames
  readonly #written: WriterSchemas
  readonly #shared: EnvelopeContext

  constructor(values: DebeziumAvroValues, context: FormatContext, { clock, run, registry }: Stead = {}) {
    const settings = envelopeSettings(values, context.pipeline)
    this.#values = values
    this.#settings = settings
    this.#context = context
    this.#client = registry ?? new RegistryClient(registrySettings(values))
    this.#subjects = new SubjectNames(this.#client, values, context, (of) => topicOf(settings.prefix, of))
    this.#written = new WriterSchemas(this.#client)
    this.#shared = {
      settings,
      clock: clock ?? microsecondClock(),
      order: new TransactionOrder(),
      headers: contextHeaders(settings, run ?? runId()),
    }
  }

  async encoder(table: Table): Promise<Encoder> {
    return this.#values.envelope === 'debezium' ? this.#debezium(table) : this.#flink(table)
  }

  async boundaries(): Promise<BoundaryEncoder> {
    const { settings, clock, order, headers } = this.#shared
    // each part by itself: the schemas are in the registry
    const bare = { ...settings, key: { ...settings.key, schemas: false }, value: { ...settings.value, schemas: false } }
    const records = new BoundaryRecords({ settings: bare, clock, handled: new HandledAt(clock), order, headers })
    const wanted: Kind[] = []
    if (settings.transactions) wanted.push('transaction')
    if (settings.heartbeat > 0) wanted.push('heartbeat')
    const schemas = new Map<Kind, BoundarySchemas>()
    for (const kind of wanted) schemas.set(kind, await this.#boundary(kind))
    return new AvroBoundaryEncoder(records, schemas, () => this.#boundary('message'))
  }

  async decoder(table?: Table): Promise<Decoder> {
    const rows = table === undefined ? undefined : new RecordReaders(shapeOf(table, 'value', this.#plain), null)
    return new EnvelopeDecoder({ settings: this.#settings, written: this.#written, table, rows })
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #debezium(table: Table): Promise<Encoder> {
    const parts = new EnvelopeParts(table, this.#settings, this.#context.logger)
    const key = parts.keySchema === undefined ? undefined : await this.#frame(table, 'key', parts.keySchema)
    const value = await this.#frame(table, 'value', parts.valueSchema)
    return new EnvelopeEncoder(parts, this.#shared, { key, value })
  }

  async #flink(table: Table): Promise<Encoder> {
    const writer = new AvroWriter()
    const shape = shapeOf(table, 'value', this.#plain)
    const own = this.#values.schema
    const fields = () => derivedFields(table, shape.positions, { legacy: true, fieldName: shape.fieldName })
    const wanted = parseAvroSchema(
      own ?? changeSchema(fields()),
      own === undefined ? 'The derived schema' : "The value of option 'schema'",
    )
    // what the table has and the schema cannot hold is told before anything is registered
    new ChangeWriter(writer, frameOf(0), wanted.type, shape)
    const name = wanted.type.branches?.find((one) => one.name !== undefined)?.name ?? wanted.type.name ?? 'record'
    const found = await this.#subjects.registered(table, 'value', wanted.text, name)
    const schema =
      found.schema === wanted.text ? wanted : parseAvroSchema(found.schema, `The latest schema of ${tableName(table)}`)
    const keys = table.key.length === 0 ? undefined : await this.#flinkKeys(writer, table)
    const changes = new ChangeWriter(writer, frameOf(found.id), schema.type, shape)
    const onTruncate = truncated(this.#values['encode.truncate'], this.#context, rowFaults)
    return changeEncoder(
      { table, changes, key: (row, old) => keys?.write(row, old) ?? null },
      this.#values['encode.split-updates'],
      onTruncate,
    )
  }

  async #flinkKeys(writer: AvroWriter, table: Table): Promise<FramedWriter> {
    const shape = shapeOf(table, 'key', this.#plain)
    const schema = derivedSchema(shape, this.#plain)
    if (this.#context.keysApart === true) return new FramedWriter(writer, new Uint8Array(0), schema, shape)
    const { id } = await this.#subjects.registered(table, 'key', schema.text, schema.type.name!)
    return new FramedWriter(writer, frameOf(id), schema, shape)
  }

  /** What the rows in Flink's shape follow. */
  get #plain() {
    return { ...this.#values, changelog: 'none', 'timestamp_mapping.legacy': true } as const
  }

  /** Registers a schema, and gives the bytes before records of it. */
  async #frame(of: Destination, part: 'key' | 'value', schema: ConnectSchema): Promise<Uint8Array> {
    const text = avroSchemaText(schema)
    const found = await this.#subjects.registered(of, part, text, schema.name!)
    if (found.schema !== text) assertSameLayout(found.schema, text, this.#subjects.subject(of, part, schema.name!))
    return frameOf(found.id)
  }

  async #boundary(kind: Kind): Promise<BoundarySchemas> {
    const { key, value } = boundarySchemas(this.#settings)[kind]
    return {
      key,
      value,
      keyFrame: await this.#frame(kind, 'key', key),
      valueFrame: await this.#frame(kind, 'value', value),
    }
  }
}

/** Debezium's topics. */
function topicOf(prefix: string, of: Destination): string {
  if (of === 'heartbeat') return `__debezium-heartbeat.${prefix}`
  return typeof of === 'string' ? `${prefix}.${of}` : topicName(prefix, of)
}

/** With `use.latest.version` records are written under a schema that others have made: it must mean the same bytes. */
function assertSameLayout(latest: string, own: string, subject: string): void {
  const [a, b] = [parseAvroSchema(latest, `The latest schema of ${subject}`), parseAvroSchema(own, 'The schema')]
  if (a.canonical === b.canonical) return
  throw error('REGISTRY_INCOMPATIBLE', {
    message: `The latest schema of subject ${subject} has other fields or types than the table's events.`,
    hint: 'Register the schema of the events, or set auto.register.schemas: true.',
  })
}
