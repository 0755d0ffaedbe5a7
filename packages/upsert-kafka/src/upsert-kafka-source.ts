import { defineSource, type OptionValues } from '@cdc/core'
import {
  groupClaim,
  intakeSettings,
  isShared,
  RowLayout,
  TopicSource,
  type TopicSourceSpec,
  tableNameOf,
  topicPositions,
  topicSourceAdmin,
  watching,
} from '@cdc/kafka-client'
import { sourceOptions } from './source-options.ts'

/** The source `upsert-kafka`: each value is the row of its key as it looks now, no value says that it is gone. */
export const upsertKafkaSource = defineSource({
  name: 'upsert-kafka',
  description: 'Reads rows by key, and tombstones, from Kafka topics, from their earliest records on.',
  options: sourceOptions,
  emits: () => 'upsert',
  positions: topicPositions,
  shares: isShared,
  claims: groupClaim,
  create: (values, context) => new TopicSource(specOf(values), context),
  watch: (values, context) => new TopicSource(watching(specOf(values)), context),
  admin: (values, context) => topicSourceAdmin(specOf(values), context),
})

function specOf(values: OptionValues<typeof sourceOptions.fields>): TopicSourceSpec {
  // the rules of the options have seen that there is one, with a key
  const schema = values.schema!
  return {
    intake: intakeSettings('upsert-kafka', values, { mode: 'earliest-offset' }),
    records: {
      format: values['value.format'],
      keyFormat: values['key.format'],
      upsert: true,
      layout: new RowLayout({
        schema,
        tableName: tableNameOf(values),
        keyFields: schema.key.map((at) => schema.columns[at]!.name),
        keyPrefix: values['key.fields-prefix'] ?? '',
        keyInValue: values['value.fields-include'] === 'ALL',
      }),
    },
  }
}
