import { defineErrors, type ErrorEntry } from '@cdc/core'

/** Every error of this package, for the docs. */
export const errorCatalogue = {
  JSON_MALFORMED: {
    kind: 'data',
    cause: 'A record that was read is no JSON: it was cut off, is not UTF-8, or is something else.',
    cure: 'Look at the record at the place that the message names. To leave such records out, set ignore-parse-errors: true.',
  },
  JSON_FIELD: {
    kind: 'data',
    cause: 'A field of a record that was read does not fit the type of its column.',
    cure: 'Check that the types of the table are those that the record was written with. To read such fields as null, set ignore-parse-errors: true.',
  },
  JSON_FIELD_MISSING: {
    kind: 'data',
    cause: 'A record that was read lacks a column, and fail-on-missing-field is set.',
    cure: 'Leave fail-on-missing-field out, or take the column out of the table.',
  },
  JSON_ENVELOPE: {
    kind: 'data',
    cause:
      'A record that was read is JSON, but no change event: its op is none of c, r, u, d and t, or its row is missing.',
    cure: 'Check what writes here. Events with a schema need schema-include: true; plain rows need changelog: none or upsert.',
  },
  JSON_OLD_ROW_MISSING: {
    kind: 'data',
    cause: 'An update or delete in the debezium shape has no old row.',
    cure: 'Let the source table send old rows, ALTER TABLE <table> REPLICA IDENTITY FULL, or use changelog: upsert, which needs none.',
  },
  JSON_KEY_MISSING: {
    kind: 'data',
    cause: 'A change of a keyed log has no key: the table has none, or a record without a value came without one.',
    cure: 'Give the table a primary key, or write with changelog: debezium, which needs none.',
  },
  JSON_CHANGE_NOT_HELD: {
    kind: 'config',
    cause: 'An update or delete came to a format that writes down inserted rows only (changelog: none).',
    cure: 'Set changelog: upsert (rows and tombstones) or changelog: debezium (before, after, op).',
  },
  JSON_CELL_NOT_SENT: {
    kind: 'data',
    cause:
      'The server did not send a large value that was not changed (TOAST), and the record needs it: the row moves to a new key, updates are split, or encode.ignore-null-fields would make it look like null.',
    cure: 'Let the server send whole old rows: ALTER TABLE <table> REPLICA IDENTITY FULL.',
  },
  JSON_TRUNCATE: {
    kind: 'data',
    cause: 'A table was truncated at the source, and encode.truncate is fail.',
    cure: 'Set encode.truncate: skip, or with changelog: debezium write.',
  },
  JSON_TYPES_UNKNOWN: {
    kind: 'config',
    cause: 'JSON does not tell the types of columns, and nothing else does.',
    cure: 'Name the columns and types where the reading connector has an option for them.',
  },
  JSON_SCHEMA_ENCODE: {
    kind: 'config',
    cause:
      "Records with a schema were to be written; Flink's debezium-json can only read them, and so can this format.",
    cure: 'Leave schema-include out, or use the format debezium-json with schemas.enable: true.',
  },
} as const satisfies Record<string, ErrorEntry>

export const error = defineErrors(errorCatalogue)
