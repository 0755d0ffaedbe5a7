import { defineSink, type OptionValues } from '@cdc/core'
import { claimOf, sinkAdmin, writerSettings } from '@cdc/kafka-client'
import { UpsertKafkaSink } from './sink.ts'
import { sinkOptions } from './sink-options.ts'

/** The sink `upsert-kafka`: for each key of a table the last row, and a tombstone when it is gone. */
export const upsertKafka = defineSink({
  name: 'upsert-kafka',
  description: 'Writes the rows of tables to Kafka topics by primary key, with tombstones; exactly once where asked.',
  options: sinkOptions,
  capabilities: (values) => ({
    accepts: 'upsert',
    remembers: values['sink.delivery-guarantee'] === 'exactly-once',
    ...claimOf(values),
    atomicTables: false,
    wholeRows: true,
    keyless: 'refuse',
    rejects: true,
  }),
  create: (values, context) => new UpsertKafkaSink(specOf(values), context),
  admin: (values, context) => sinkAdmin(writerSettings(values, true), context),
})

export type SinkSpec = ReturnType<typeof specOf>

function specOf(values: OptionValues<typeof sinkOptions.fields>) {
  return {
    writer: writerSettings(values, true),
    keyFormat: values['key.format'],
    valueFormat: values['value.format'],
    keyPrefix: values['key.fields-prefix'] ?? '',
    keyInValue: values['value.fields-include'] === 'ALL',
    holdRows: values['sink.buffer-flush.max-rows'],
    holdTime: values['sink.buffer-flush.interval'],
  }
}
