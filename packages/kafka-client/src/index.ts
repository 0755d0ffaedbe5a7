export { deliveryError } from './delivery/errors.ts'
export { refusedSinkOptions } from './delivery/refused-options.ts'
export { sinkAdmin } from './delivery/sink-admin.ts'
export { sinkFields, sinkRules } from './delivery/sink-options.ts'
export { type Apart, type TopicTarget, TopicWriter, type TopicWriterSettings } from './delivery/topic-writer.ts'
export { claimOf, writerSettings } from './delivery/writer-settings.ts'
export { type KafkaErrorCode, kafkaError, kafkaErrorCatalogue } from './errors.ts'
export { groupClaim } from './group-claim.ts'
export { intakeError } from './intake/errors.ts'
export { groupRule, startupFields, startupOf, startupRule } from './intake/offset-options.ts'
export type { ReaderSpec } from './intake/record-reader.ts'
export { type LayoutSpec, RowLayout } from './intake/row-layout.ts'
export { topicSourceAdmin } from './intake/source-admin.ts'
export {
  type IntakeSettings,
  intakeSettings,
  isShared,
  listOf,
  sourceFields,
  sourceRules,
  tableNameOf,
} from './intake/source-options.ts'
export { topicPositions } from './intake/topic-position.ts'
export { TopicSource, type TopicSourceSpec, watching } from './intake/topic-source.ts'
export { murmur2, partitionOf } from './murmur2.ts'
export { type KafkaAdapter, kafkaAdapters, openKafkaClient } from './open-client.ts'
export type * from './port.ts'
export { recordAtFault } from './records/record-at-fault.ts'
export type { OutgoingRecord } from './records/record-pack.ts'
export { ignoredProperties, readProperties } from './settings/properties.ts'
export { propertyTable, type Treatment } from './settings/property-table.ts'
export type { KafkaSettings } from './settings/settings.ts'
