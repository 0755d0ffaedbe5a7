import { defineErrors, type ErrorEntry } from '@cdc/core'
import type { RowFaults } from '@cdc/row-records'

/** Every error of this package, for the docs. */
export const errorCatalogue = {
  RAW_ONE_COLUMN: {
    kind: 'config',
    cause: 'A table with more columns than one, or none, was to be written or read as raw bytes.',
    cure: 'Choose one column (transforms, or the fields that the connector lets into key and value), or another format.',
  },
  RAW_VALUE_NOT_HELD: {
    kind: 'data',
    cause: 'A text has characters that the charset lacks, so that they could not be read again.',
    cure: 'Set raw.charset: UTF-8.',
  },
  RAW_RECORD: {
    kind: 'data',
    cause: 'A record that was read has not as many bytes as its type, or is no text of the charset.',
    cure: 'Check the type of the column, raw.charset and raw.endianness of what has written it.',
  },
  RAW_CELL_NOT_SENT: {
    kind: 'data',
    cause: 'The server did not send a large value that was not changed (TOAST), and it is all that there is to write.',
    cure: 'Let the server send whole old rows: ALTER TABLE <table> REPLICA IDENTITY FULL.',
  },
  RAW_KEY_MISSING: {
    kind: 'data',
    cause: 'A change of a keyed log has no key: the table has none, or a record without a value came without one.',
    cure: 'Give the table a primary key, or use a format with changes such as debezium-json.',
  },
  RAW_CHANGE_NOT_HELD: {
    kind: 'config',
    cause: 'An update or delete came to a format that writes down inserted rows only (changelog: none).',
    cure: 'Set changelog: upsert (rows and tombstones), or use a format with changes such as debezium-json.',
  },
  RAW_TRUNCATE: {
    kind: 'data',
    cause: 'A table was truncated at the source, and encode.truncate is fail.',
    cure: 'Set encode.truncate: skip.',
  },
  RAW_TYPES_UNKNOWN: {
    kind: 'config',
    cause: 'Bytes do not tell the type of the column, and nothing else does.',
    cure: 'Name the column and its type where the reading connector has an option for them.',
  },
} as const satisfies Record<string, ErrorEntry>

export const error = defineErrors(errorCatalogue)

const codes = { change: 'RAW_CHANGE_NOT_HELD', key: 'RAW_KEY_MISSING', truncate: 'RAW_TRUNCATE' } as const

/** This package's errors of what rows and tombstones cannot tell. */
export const rowFaults: RowFaults = (what, details) => error(codes[what], details)
