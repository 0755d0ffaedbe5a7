import { choice, defineOptions, flag, type OptionFields, type OptionRule, type OptionValues, text } from '@cdc/core'
import {
  debeziumFields,
  debeziumJsonOptions,
  debeziumRules,
  type Settings,
  settingsOf,
} from '@cdc/debezium-json/envelope'
import { registryFields, registryRules } from '../registry/registry-options.ts'

/** The options of debezium-json that are not of its converter (JSON, its schemas) or of a transformation. */
const {
  'schemas.enable': _schemas,
  'key.converter.schemas.enable': _keySchemas,
  'value.converter.schemas.enable': _valueSchemas,
  'decimal.format': _format,
  'key.converter.decimal.format': _keyFormat,
  'value.converter.decimal.format': _valueFormat,
  'schema.name.adjustment.mode': _schemaNames,
  'field.name.adjustment.mode': _fieldNames,
  unwrap: _unwrap,
  'unwrap.delete.tombstone.handling.mode': _deletes,
  'unwrap.add.fields': _added,
  'unwrap.add.fields.prefix': _addedPrefix,
  'unwrap.add.headers': _headers,
  'unwrap.add.headers.prefix': _headersPrefix,
  ...envelope
} = debeziumFields

const adjustments = ['none', 'avro', 'avro_unicode'] as const

const fields = {
  envelope: choice(['debezium', 'flink'], {
    doc: "What is written: Debezium's whole envelope as Confluent's AvroConverter writes it, or Flink's smaller one (before, after, op) with Flink's types. Both are read, whatever it is.",
    default: 'debezium',
  }),
  ...registryFields,
  schema: text({
    doc: 'With `envelope: flink`: the Avro schema to write with. Default: derived from the table.',
    aliases: ['schema-registry.schema'],
  }),
  'encode.split-updates': flag({
    doc: 'With `envelope: flink`: an update is a `d` and a `c`, as Flink writes it, instead of one `u`.',
    default: false,
  }),
  'encode.truncate': choice(['skip', 'fail'], {
    doc: "With `envelope: flink`: a TRUNCATE is left out and logged, or an error. (Debezium's envelope has `skipped.operations`.)",
    default: 'skip',
  }),
  ...envelope,
  'schema.name.adjustment.mode': choice(adjustments, {
    doc: "Names of schemas as they are, or so that Avro allows them. (Debezium's default is `none`, with which such tables fail.)",
    default: 'avro',
  }),
  'field.name.adjustment.mode': choice(adjustments, { doc: 'The same for fields.', default: 'avro' }),
} satisfies OptionFields

const schemaOfFlink: OptionRule<typeof fields> = ({ envelope: shape, schema }, problem) => {
  if (shape === 'debezium' && schema !== undefined)
    problem(
      'schema',
      "Option 'schema' is of use only with envelope: flink.",
      "The schema of Debezium's envelope follows from the table.",
    )
}

/** Every option of `debezium-avro-confluent`. */
export const debeziumAvroOptions = defineOptions(fields, [
  debeziumRules.operations as never,
  ...(registryRules as never[]),
  schemaOfFlink,
])

export type DebeziumAvroValues = OptionValues<typeof fields>

/** The settings of the envelope: those of debezium-json with a schema, in which decimals are bytes. */
export function envelopeSettings(values: DebeziumAvroValues, pipeline: string): Settings {
  const { values: defaults } = debeziumJsonOptions.parse({})
  return settingsOf({ ...defaults, ...values, 'schemas.enable': true }, pipeline)
}
