import { defineSource, type OptionValues } from '@cdc/core'
import {
  groupClaim,
  intakeSettings,
  isShared,
  listOf,
  RowLayout,
  startupOf,
  TopicSource,
  type TopicSourceSpec,
  tableNameOf,
  topicPositions,
  topicSourceAdmin,
  watching,
} from '@cdc/kafka-client'
import { sourceOptions } from './source-options.ts'

type Values = OptionValues<typeof sourceOptions.fields>

/** The source `kafka`: the changes that the format finds in records, partition by partition in the order of the log. */
export const kafkaSource = defineSource({
  name: 'kafka',
  description: 'Reads the changes in records of Kafka topics, in any format, and takes up where it stopped.',
  options: sourceOptions,
  emits: (values) => formatOf(values).holds,
  positions: topicPositions,
  shares: isShared,
  claims: groupClaim,
  create: (values, context) => new TopicSource(specOf(values), context),
  watch: (values, context) => new TopicSource(watching(specOf(values)), context),
  admin: (values, context) => topicSourceAdmin(specOf(values), context),
})

// the rules of the options have seen that one of them is there
const formatOf = (values: Values) => (values['value.format'] ?? values.format)!

function specOf(values: Values): TopicSourceSpec {
  const { schema, 'key.format': keyFormat } = values
  return {
    intake: intakeSettings('kafka', values, startupOf(values)),
    records: {
      format: formatOf(values),
      keyFormat,
      upsert: false,
      layout:
        schema &&
        new RowLayout({
          schema,
          tableName: tableNameOf(values),
          keyFields: listOf(values['key.fields']),
          keyPrefix: values['key.fields-prefix'] ?? '',
          keyInValue: values['value.fields-include'] === 'ALL',
        }),
    },
  }
}
