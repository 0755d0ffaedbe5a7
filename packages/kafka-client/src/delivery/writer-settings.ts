import type { OptionValues } from '@cdc/core'
import { type sinkFields, topicCreation } from './sink-options.ts'
import type { TopicWriterSettings } from './topic-writer.ts'

type Values = OptionValues<typeof sinkFields>

/** The options that both sinks share, as a `TopicWriter` wants them. `policy`: `cleanup.policy` of topics it makes. */
export function writerSettings(values: Values, policy: string | undefined): TopicWriterSettings {
  return {
    topic: values.topic,
    prefix: values['topic.prefix'],
    transactionTopic: values['topic.transaction'],
    heartbeatPrefix: values['topic.heartbeat.prefix'],
    properties: values['properties.*'],
    adapter: values.client,
    creation: topicCreation(values['topic.creation.enable'], values['topic.creation.default.*'], policy),
    guarantee: values['sink.delivery-guarantee'],
    transactionalIdPrefix: values['sink.transactional-id-prefix'],
    positionTopic: values['sink.position-topic'],
    split: values['sink.transaction-split'],
  }
}
