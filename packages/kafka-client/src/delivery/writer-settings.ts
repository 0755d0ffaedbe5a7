import type { OptionValues, SinkCapabilities } from '@cdc/core'
import { groupClaim } from '../group-claim.ts'
import { type sinkFields, topicCreation } from './sink-options.ts'
import type { TopicWriterSettings } from './topic-writer.ts'

type Values = OptionValues<typeof sinkFields>

/** The capability to commit a group's offsets (KIP-447). kafkajs has no way to be checked by the group's generation. */
export function claimOf({ client }: Pick<Values, 'client'>): Pick<SinkCapabilities, 'claims'> {
  return client === 'kafkajs' ? {} : { claims: groupClaim }
}

/**
 * The options that both sinks share, as a `TopicWriter` wants them. `keyed`: records replace each other by key, so the
 * topics that it makes are compacted.
 */
export function writerSettings(values: Values, keyed: boolean): TopicWriterSettings {
  return {
    topic: values.topic,
    keyed,
    prefix: values['topic.prefix'],
    delimiter: values['topic.delimiter'],
    transactionTopic: values['topic.transaction'],
    heartbeatPrefix: values['topic.heartbeat.prefix'],
    properties: values['properties.*'],
    adapter: values.client,
    creation: topicCreation(values['topic.creation.enable'], values['topic.creation.default.*'], keyed),
    guarantee: values['sink.delivery-guarantee'],
    transactionalIdPrefix: values['sink.transactional-id-prefix'],
    positionTopic: values['sink.position-topic'],
    split: values['sink.transaction-split'],
  }
}
