import { defineFormat } from '@cdc/core'
import { AvroConfluentFormat } from './plain/confluent-format.ts'
import { avroConfluentOptions } from './plain/plain-options.ts'

/** The format `avro-confluent`: rows as Avro records whose schemas are in a schema registry. */
export const avroConfluent = defineFormat({
  name: 'avro-confluent',
  description: "Rows as Avro records with a schema registry, as Flink's avro-confluent writes them.",
  options: avroConfluentOptions,
  holds: ({ changelog }) => (changelog === 'none' ? 'append' : 'upsert'),
  create: (values, context) => new AvroConfluentFormat(values, context),
})
