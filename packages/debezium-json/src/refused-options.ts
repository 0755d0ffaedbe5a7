const column =
  'no record has a header that lists fields to drop; leave columns out at the source, `debezium.column.exclude.list`'
const deletes = 'Debezium has replaced it; write `unwrap.delete.tombstone.handling.mode`'
const transformation: Readonly<Record<string, string>> = {
  'route.by.field':
    'where a record goes does not depend on its row; write `routes` of the pipeline, or `${table}` in the names of the sink',
  'drop.fields.header.name': column,
  'drop.fields.from.key': column,
  'drop.fields.keep.schema.compatible': column,
  'replace.null.with.default': 'write `replace.null.with.default`, which holds with and without `unwrap`',
  'drop.tombstones': deletes,
  'delete.handling.mode': deletes,
  type: 'write `unwrap: true` for ExtractNewRecordState',
}
const named = (prefix: string) =>
  Object.fromEntries(Object.entries(transformation).map(([name, why]) => [`${prefix}${name}`, why]))
const transforms =
  'transformations of Kafka Connect are not run; write `unwrap: true` for ExtractNewRecordState, `routes` for routers'
const schemaParameters = 'schemas have no parameters about the types of the source'
const naming = 'records are named `<topic.prefix>.<schema>.<table>`; topics and files are named by the sink'

/** What people bring along from Debezium and Kafka Connect and this format does not follow, with the reason. */
export const refusedOptions: Readonly<Record<string, string>> = {
  ...named('unwrap.'),
  ...named('transforms.unwrap.'),
  transforms,
  'transforms.*': transforms,
  'column.propagate.source.type': schemaParameters,
  'datatype.propagate.source.type': schemaParameters,
  'source.struct.version': 'the `source` block has one shape, that of Debezium 3',
  'sanitize.field.names': 'Debezium has replaced it; write `field.name.adjustment.mode: avro`',
  'sourceinfo.struct.maker': 'it names a Java class',
  'topic.naming.strategy': naming,
  'topic.delimiter': naming,
  'topic.transaction': naming,
  'topic.heartbeat.prefix': naming,
  'topic.heartbeat.name': naming,
  'message.key.columns': 'keys belong to tables; write `debezium.message.key.columns` at the source',
  'key.converter': 'keys and values are both JSON; the options of the converter stand here as `key.converter.<option>`',
  'value.converter':
    'keys and values are both JSON; the options of the converter stand here as `value.converter.<option>`',
}
