import { defineFormat } from '@cdc/core'
import { DebeziumFormat } from './debezium-format.ts'
import { debeziumJsonOptions } from './options.ts'
import { settingsOf } from './settings.ts'

/** The format `debezium-json`: what Debezium's PostgreSQL connector writes through Kafka Connect's JsonConverter. */
export const debeziumJson = defineFormat({
  name: 'debezium-json',
  description: "Debezium's change events as JSON, byte for byte, with or without schemas.",
  options: debeziumJsonOptions,
  // without the envelope there are no old rows
  holds: (values) => (values.unwrap ? 'upsert' : 'retract'),
  takes: (values) => (values['provide.transaction.metadata'] ? ['message', 'transaction'] : ['message']),
  create: (values, context) => new DebeziumFormat(settingsOf(values, context.pipeline), context),
})
