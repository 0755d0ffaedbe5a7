const place = 'where a record goes follows from its table; write a pattern in `topic`, `routes` for other names'
const producer = 'properties of the producer stand here as `properties.<name>`'
const reading = 'it is an option of the source'
const schema =
  'columns come from the source, and metadata is added with `metadata` of the pipeline; headers are the format’s, the timestamp is that of the producer'
const headers = 'headers are written by the format (`debezium-json`: `unwrap.add.headers`)'
const grouping = 'there is one way in which topics are made; write `topic.creation.default.*`'

/** What people bring along from Flink, Debezium and Kafka Connect and no Kafka sink follows, with the reason. */
export const refusedSinkOptions: Readonly<Record<string, string>> = {
  'sink.semantic': 'Flink has replaced it; write `sink.delivery-guarantee`',
  'sink.transaction-naming-strategy': 'one sink has one transactional id, which it takes over at each start',
  'topic-pattern': place,
  'topic.naming.strategy': place,
  'topic.regex.enable': place,
  'topic.creation.groups': grouping,
  'topic.cache.size': 'names of topics are kept for the tables that there are',
  'scan.*': reading,
  schema,
  'table-name': schema,
  'producer.override.*': producer,
  'database.history.producer.*': producer,
  // Flink CDC's kafka in YAML
  'partition.strategy': 'write `sink.partitioner`: `default` for hash-by-key, `fixed` for all-to-zero',
  'sink.tableId-to-topic.mapping': place,
  'sink.add-tableId-to-header-enabled': headers,
  'sink.custom-header': headers,
}
