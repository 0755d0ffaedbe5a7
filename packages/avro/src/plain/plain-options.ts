import { choice, defineOptions, flag, type OptionValues, text } from '@cdc/core'
import { registryFields, registryRules } from '../registry/registry-options.ts'

/** What `avro` and `avro-confluent` have in common. */
const shared = {
  changelog: choice(['none', 'upsert'], {
    doc: "What is written down of changes. `none`: inserted rows only, as in Flink. `upsert`: rows and tombstones, by key, as Flink's upsert-kafka.",
    default: 'none',
  }),
  'timestamp_mapping.legacy': flag({
    doc: "Flink's mapping of timestamps without a zone of up to 3 digits: `true` gives `timestamp-millis`, `false` `local-timestamp-millis`. Others are always `local-timestamp-micros`, those with a zone `timestamp-millis` or `-micros`.",
    default: true,
  }),
  'field.name.adjustment.mode': choice(['none', 'avro', 'avro_unicode'], {
    doc: 'Names that Avro does not allow: an error, underscores in the place of other characters, or those escaped.',
    default: 'avro',
  }),
  'encode.truncate': choice(['skip', 'fail'], {
    doc: 'A TRUNCATE is left out and logged (Flink leaves it out), or an error.',
    default: 'skip',
  }),
}

/** Every option of `avro`. */
export const avroOptions = defineOptions({
  ...shared,
  encoding: choice(['binary', 'json'], { doc: "Avro's binary encoding, or its JSON encoding.", default: 'binary' }),
  codec: choice(['null', 'deflate', 'snappy', 'bzip2', 'xz', 'zstandard'], {
    doc: "Flink's compression of Avro files. Taken and not needed: records of a log are compressed by its producer.",
  }),
})

/** Every option of `avro-confluent`. */
export const avroConfluentOptions = defineOptions(
  {
    ...registryFields,
    schema: text({
      doc: 'The Avro schema to write with. Default: derived from the table, as Flink derives it.',
      aliases: ['schema-registry.schema'],
    }),
    ...shared,
  },
  registryRules as never,
)

export type AvroValues = OptionValues<(typeof avroOptions)['fields']>
export type AvroConfluentValues = OptionValues<(typeof avroConfluentOptions)['fields']>
export type SharedValues = OptionValues<typeof shared>
