import { defineErrors } from '@cdc/core'

/** The errors of this package. */
export const kafkaConnectorError = defineErrors({
  KAFKA_KEY_FIELD: {
    kind: 'config',
    cause: 'A column named in `key.fields` is not one of the table, or does not begin with `key.fields-prefix`.',
    cure: 'Name columns that the table has; a sink for one table each (`tables:`) where tables have other keys.',
  },
  KAFKA_KEY_FORMAT: {
    kind: 'bug',
    cause: 'The key format gave no key, or several, for one row.',
    cure: 'Report it to the author of the format.',
  },
})
