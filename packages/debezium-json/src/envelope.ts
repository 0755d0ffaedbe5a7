/** What formats with Debezium's envelope in other bytes than JSON are built on. No promise beyond this repository. */
export { type Clock, microsecondClock } from './clock.ts'
export { JsonNumber, type JsonObject, type JsonValue, parseJson } from './decode/json-value.ts'
export { type Part, RecordDecoder } from './decode/record-decoder.ts'
export { BadValue, bad, dateText, decimalText, timestampText, timeText } from './decode/scalar-readers.ts'
export { BoundaryRecords, boundarySchemas } from './encode/boundary-records.ts'
export type { Codec, Present } from './encode/codec.ts'
export {
  type ConnectField,
  type ConnectSchema,
  field,
  optional,
  required,
  schemaText,
} from './encode/connect-schema.ts'
export { unscaledAt } from './encode/decimal-codecs.ts'
export { type Event, type EventKeys, eventsOf, type Headers, tableRecord } from './encode/events.ts'
export { HandledAt } from './encode/handled-at.ts'
export { RowWriter } from './encode/row-writer.ts'
export { connectorName, sourceSchema } from './encode/source-block.ts'
export { contextHeaders, envelopeSchema, keyChanged, transactionSchema } from './encode/table-parts.ts'
export { type FieldPlan, fieldPlans, messageKey, structSchema } from './encode/table-plan.ts'
export { timestampMicros, timestampMillis } from './encode/temporal-codecs.ts'
export { TransactionOrder, transactionId } from './encode/transaction-order.ts'
export { adjustedFieldName, adjustedSchemaName, topicName } from './names.ts'
export { debeziumFields, debeziumJsonOptions, debeziumRules } from './options.ts'
export { runId } from './run-id.ts'
export { type PartSettings, type Settings, settingsOf } from './settings.ts'
export { inHashOrder } from './text/hstore.ts'
export { clockMicros, dateDays, infinitySign } from './text/postgres-time.ts'
