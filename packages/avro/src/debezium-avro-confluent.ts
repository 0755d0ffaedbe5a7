import { defineFormat } from '@cdc/core'
import { DebeziumAvroFormat } from './debezium/debezium-avro-format.ts'
import { debeziumAvroOptions } from './debezium/debezium-avro-options.ts'

/** The format `debezium-avro-confluent`: Debezium's change events through Confluent's AvroConverter, or Flink's. */
export const debeziumAvroConfluent = defineFormat({
  name: 'debezium-avro-confluent',
  description: "Debezium's change events as Avro with a schema registry, byte for byte; also Flink's smaller shape.",
  options: debeziumAvroOptions,
  holds: () => 'retract',
  takes: (values) =>
    values.envelope === 'flink'
      ? []
      : values['provide.transaction.metadata']
        ? ['message', 'transaction']
        : ['message'],
  create: (values, context) => new DebeziumAvroFormat(values, context),
})
