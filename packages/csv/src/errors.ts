import { defineErrors, type ErrorEntry } from '@cdc/core'
import type { RowFaults } from '@cdc/row-records'

/** Every error of this package, for the docs. */
export const errorCatalogue = {
  CSV_MALFORMED: {
    kind: 'data',
    cause: 'A record that was read is no line of CSV: not UTF-8, an open quotation, or text behind a closed one.',
    cure: 'Look at field-delimiter, quote-character and escape-character of what has written it. To leave such records out, set ignore-parse-errors: true.',
  },
  CSV_COLUMNS: {
    kind: 'data',
    cause: 'A record that was read has more or fewer fields than its table has columns.',
    cure: 'Check field-delimiter, and that the table has the columns in the order of the fields. To leave such records out, set ignore-parse-errors: true.',
  },
  CSV_FIELD: {
    kind: 'data',
    cause: 'A field of a record that was read does not fit the type of its column.',
    cure: 'Check the types of the table. To read such fields as null, set ignore-parse-errors: true.',
  },
  CSV_VALUE_NOT_HELD: {
    kind: 'data',
    cause:
      'A value cannot be written as one field: it holds the delimiter or a line break and disable-quote-character is set, an array holds its delimiter, or is nested.',
    cure: 'Allow quotation, choose a delimiter that no value holds, or use a format with types such as json.',
  },
  CSV_CELL_NOT_SENT: {
    kind: 'data',
    cause:
      'The server did not send a large value that was not changed (TOAST), and a line of CSV has no way to leave a field out.',
    cure: 'Let the server send whole old rows: ALTER TABLE <table> REPLICA IDENTITY FULL.',
  },
  CSV_KEY_MISSING: {
    kind: 'data',
    cause: 'A change of a keyed log has no key: the table has none, or a record without a value came without one.',
    cure: 'Give the table a primary key, or use a format with changes such as debezium-json.',
  },
  CSV_CHANGE_NOT_HELD: {
    kind: 'config',
    cause: 'An update or delete came to a format that writes down inserted rows only (changelog: none).',
    cure: 'Set changelog: upsert (rows and tombstones), or use a format with changes such as debezium-json.',
  },
  CSV_TRUNCATE: {
    kind: 'data',
    cause: 'A table was truncated at the source, and encode.truncate is fail.',
    cure: 'Set encode.truncate: skip.',
  },
  CSV_TYPES_UNKNOWN: {
    kind: 'config',
    cause: 'CSV does not tell the names and types of columns, and nothing else does.',
    cure: 'Name the columns and types where the reading connector has an option for them.',
  },
} as const satisfies Record<string, ErrorEntry>

export const error = defineErrors(errorCatalogue)

const codes = { change: 'CSV_CHANGE_NOT_HELD', key: 'CSV_KEY_MISSING', truncate: 'CSV_TRUNCATE' } as const

/** This package's errors of what rows and tombstones cannot tell. */
export const rowFaults: RowFaults = (what, details) => error(codes[what], details)
