import { defineErrors } from '@cdc/core'

/** The errors of this package. */
export const kafkaConnectorError = defineErrors({
  KAFKA_KEY_FIELD: {
    kind: 'config',
    cause: 'A column named in `key.fields` is not one of the table, or does not begin with `key.fields-prefix`.',
    cure: 'Name columns that the table has; a sink for one table each (`tables:`) where tables have other keys.',
  },
  KAFKA_KEY_NOT_SENT: {
    kind: 'data',
    cause:
      'A column of `key.fields` is not in the change: the source shows of an old row only its replica identity, and of an unchanged large value (TOAST) nothing.',
    cure: 'ALTER TABLE ... REPLICA IDENTITY FULL, or take the primary key for `key.fields`.',
  },
  KAFKA_KEY_FORMAT: {
    kind: 'bug',
    cause: 'The key format gave no key, or several, for one row.',
    cure: 'Report it to the author of the format.',
  },
})
