import { choice, defineOptions, duration, flag, integer, type OptionRule, text } from '@cdc/core'
import { isOfEnvelope } from './encode/added-fields.ts'
import { refusedOptions } from './refused-options.ts'
import { addedFields, skippedLetters } from './settings.ts'

const adjustments = ['none', 'avro', 'avro_unicode'] as const
const formats = ['BASE64', 'NUMERIC'] as const
/** The option of the transformation, as it stands in a connector's configuration. */
const smt = (name: string) => [`transforms.unwrap.${name}`]

const fields = {
  'topic.prefix': text({
    doc: "Debezium's name of the source, in `source.name` and in the names of schemas. Default: the pipeline's name.",
    example: 'shop',
    aliases: ['database.server.name'],
  }),
  'schemas.enable': flag({
    doc: 'Does every key and value carry its schema? (The default of Kafka Connect is `true`.)',
    default: false,
    aliases: ['schema-include'],
  }),
  'key.converter.schemas.enable': flag({ doc: 'The same for keys only.' }),
  'value.converter.schemas.enable': flag({ doc: 'The same for values only.' }),
  'decimal.handling.mode': choice(['precise', 'double', 'string'], {
    doc: '`numeric` and `money` as the bytes of a whole number with a scale, as a double (loses digits), or as text.',
    default: 'precise',
  }),
  'decimal.format': choice(formats, {
    doc: 'Decimals in mode `precise` as the bytes in base64, or as a JSON number. Those without a scale of their own stay bytes.',
    default: 'BASE64',
  }),
  'key.converter.decimal.format': choice(formats, { doc: 'The same for keys only.' }),
  'value.converter.decimal.format': choice(formats, { doc: 'The same for values only.' }),
  'time.precision.mode': choice(
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds', 'structured'],
    {
      doc: 'Dates and times as numbers of a unit that fits the column, of a fixed one, as ISO text, or part by part.',
      default: 'adaptive',
    },
  ),
  'interval.handling.mode': choice(['numeric', 'string'], {
    doc: '`interval` in microseconds (a month is 30.4375 days), or as ISO text.',
    default: 'numeric',
  }),
  'binary.handling.mode': choice(['bytes', 'base64', 'base64-url-safe', 'hex'], {
    doc: '`bytea` as Connect bytes (in JSON: base64), or as text in one of these encodings.',
    default: 'bytes',
  }),
  'hstore.handling.mode': choice(['json', 'map'], {
    doc: '`hstore` as JSON in a text, or as an object.',
    default: 'json',
  }),
  'money.fraction.digits': integer({ doc: 'Scale of `money` as a precise decimal.', default: 2 }, { min: 0, max: 38 }),
  'include.unknown.datatypes': flag({
    doc: "Columns of types that Debezium does not know: the bytes of the server's text. `false`: they are left out.",
    default: false,
  }),
  'unavailable.value.placeholder': text({
    doc: 'What stands for a large value that was not sent because it has not changed. `hex:...` for bytes.',
    default: '__debezium_unavailable_value',
    aliases: ['toasted.value.placeholder'],
  }),
  'event.converting.failure.handling.mode': choice(['fail', 'warn', 'skip'], {
    doc: 'A value that a mode cannot hold: an error, or null with or without a line in the log. (The default of Debezium is `warn`.)',
    default: 'fail',
  }),
  'replace.null.with.default': flag({
    doc: "Is a NULL written as its column's default, as Kafka's converters do?",
    default: true,
  }),
  'key.converter.replace.null.with.default': flag({ doc: 'The same for keys only.' }),
  'value.converter.replace.null.with.default': flag({ doc: 'The same for values only.' }),
  'tombstones.on.delete': flag({ doc: 'Does a record without a value follow each delete?', default: true }),
  'skipped.operations': text({
    doc: 'Operations that give no record: `c`, `u`, `d`, `t`, or `none`.',
    default: 't',
  }),
  'provide.transaction.metadata': flag({
    doc: 'Number the events of a transaction, and write when it begins and ends.',
    default: false,
  }),
  'extended.headers.enabled': flag({ doc: 'The headers `__debezium.context.*`.', default: true }),
  'source.version': text({ doc: 'The version that `source` tells.', default: '3.7.0.Final' }),
  'schema.name.adjustment.mode': choice(adjustments, {
    doc: 'Names of schemas as they are, or so that Avro allows them.',
    default: 'none',
  }),
  'field.name.adjustment.mode': choice(adjustments, { doc: 'The same for fields.', default: 'none' }),
  'include.schema.comments': flag({ doc: 'Comments on columns as `doc` of their schemas.', default: false }),
  'heartbeat.interval.ms': duration({
    doc: 'A heartbeat record at most this often. 0: none. It is written with a flush: while nothing happens, those come about each `heartbeat.interval.ms` of the source (default 30 s).',
    default: 0,
  }),
  unwrap: flag({
    doc: 'The row alone, as ExtractNewRecordState leaves it, in place of the envelope.',
    default: false,
  }),
  'unwrap.delete.tombstone.handling.mode': choice(
    ['tombstone', 'drop', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'],
    {
      doc: 'What becomes of deletes: a tombstone, nothing, the old row with `__deleted`, that and a tombstone, or a tombstone even where `tombstones.on.delete` is off.',
      default: 'tombstone',
      aliases: smt('delete.tombstone.handling.mode'),
    },
  ),
  'unwrap.add.fields': text({
    doc: 'Fields of the envelope to add to the row: `op,table,source.ts_ms,lsn:position`.',
    example: 'op,table,lsn,source.ts_ms',
    aliases: smt('add.fields'),
  }),
  'unwrap.add.fields.prefix': text({
    doc: 'What their names begin with.',
    default: '__',
    aliases: smt('add.fields.prefix'),
  }),
  'unwrap.add.headers': text({ doc: 'The same as headers.', example: 'op', aliases: smt('add.headers') }),
  'unwrap.add.headers.prefix': text({
    doc: 'What their names begin with.',
    default: '__',
    aliases: smt('add.headers.prefix'),
  }),
}

const operations: OptionRule<typeof fields> = (values, problem) => {
  const unknown = skippedLetters(values['skipped.operations'] ?? '').find(
    (letter) => !['c', 'u', 'd', 't'].includes(letter),
  )
  if (unknown !== undefined)
    problem(
      'skipped.operations',
      `Option 'skipped.operations' holds '${unknown}'.`,
      'Letters are c, u, d and t, or none.',
    )
}

const needsUnwrap: OptionRule<typeof fields> = (values, problem) => {
  if (values.unwrap !== false) return
  for (const name of ['unwrap.add.fields', 'unwrap.add.headers'] as const)
    if (values[name] !== undefined) problem(name, `Option '${name}' is of use only with unwrap: true.`)
}

const knownFields: OptionRule<typeof fields> = (values, problem) => {
  for (const name of ['unwrap.add.fields', 'unwrap.add.headers'] as const) {
    const unknown = addedFields(values[name], '').find((one) => !isOfEnvelope(one))
    if (unknown !== undefined)
      problem(
        name,
        `Option '${name}' holds '${unknown.path}', which is no field of the envelope.`,
        'Fields are op, ts_ms, ts_us, ts_ns, those of source (lsn, source.ts_ms) and transaction.id and its others; `a:b` renames.',
      )
  }
}

/** The options and rules by themselves, for formats with the same envelope. */
export const debeziumFields = fields
export const debeziumRules = { operations, needsUnwrap, knownFields }

/** The options of the format `debezium-json`, under Debezium's and Kafka Connect's own names. */
export const debeziumJsonOptions = defineOptions(fields, [operations, needsUnwrap, knownFields], refusedOptions)
