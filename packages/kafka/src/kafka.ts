import { defineSink, type OptionValues } from '@cdc/core'
import { claimOf, sinkAdmin, writerSettings } from '@cdc/kafka-client'
import { KafkaSink } from './sink.ts'
import { keyFields, sinkOptions } from './sink-options.ts'

type Values = OptionValues<typeof sinkOptions.fields>

/** The sink `kafka`: each change as the records that the format makes of it, in the order of the source. */
export const kafka = defineSink({
  name: 'kafka',
  description: 'Writes changes to Kafka topics in any format, with its keys and headers; exactly once where asked.',
  options: sinkOptions,
  capabilities: (values) => ({
    accepts: formatOf(values).holds,
    remembers: values['sink.delivery-guarantee'] === 'exactly-once',
    ...claimOf(values),
    atomicTables: false,
    wholeRows: formatOf(values).holds === 'append',
    keyless: 'append',
    rejects: true,
    takes: formatOf(values).takes ?? [],
  }),
  create: (values, context) => new KafkaSink(specOf(values), context),
  admin: (values, context) => sinkAdmin(writerSettings(values, false), context),
})

// the rules of the options have seen that one of them is there
const formatOf = (values: Values) => (values['value.format'] ?? values.format)!

export type SinkSpec = ReturnType<typeof specOf>

function specOf(values: Values) {
  return {
    writer: writerSettings(values, false),
    format: formatOf(values),
    keyFormat: values['key.format'],
    keyFields: keyFields(values['key.fields']),
    keyPrefix: values['key.fields-prefix'] ?? '',
    keyInValue: values['value.fields-include'] === 'ALL',
    ownKeys: values['sink.key'] === 'format',
    partitioner: values['sink.partitioner'],
  }
}
