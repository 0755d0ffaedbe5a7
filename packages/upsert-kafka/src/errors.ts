import { defineErrors } from '@cdc/core'

/** The errors of this package. */
export const upsertKafkaError = defineErrors({
  UPSERT_TRUNCATE: {
    kind: 'data',
    cause:
      'A table was truncated at the source. A topic keyed by primary key has no record that says so, and the keys that are gone are not known.',
    cure: 'Leave truncations out with `debezium.skipped.operations: t` at the source (the rows then stay in the topic), or set them aside with `errors.tolerance: all`.',
  },
  UPSERT_NO_KEY: {
    kind: 'config',
    cause: 'A table has no primary key, and its rows are to be written by key.',
    cure: 'Give the table a primary key, leave it out, or use the connector `kafka`.',
  },
  UPSERT_KEY_PREFIX: {
    kind: 'config',
    cause: 'A column of the primary key does not begin with `key.fields-prefix`.',
    cure: 'Take the option out, or give all columns of the key the prefix.',
  },
  UPSERT_FORMAT: {
    kind: 'bug',
    cause: 'A format gave no value, or several records, for one row.',
    cure: 'Report it to the author of the format.',
  },
})
