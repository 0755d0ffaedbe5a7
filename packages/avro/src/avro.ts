import { defineFormat } from '@cdc/core'
import { AvroFormat } from './plain/avro-format.ts'
import { avroOptions } from './plain/plain-options.ts'

/** The format `avro`: rows as Avro records, with the schema that Flink derives and no registry. */
export const avro = defineFormat({
  name: 'avro',
  description: "Rows as Avro records without a registry, as Flink's avro writes them.",
  options: avroOptions,
  holds: ({ changelog }) => (changelog === 'none' ? 'append' : 'upsert'),
  create: (values, context) => new AvroFormat(values, context),
})
