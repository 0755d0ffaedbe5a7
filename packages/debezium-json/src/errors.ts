import { defineErrors, type ErrorEntry } from '@cdc/core'

export const errorCatalogue = {
  VALUE_NOT_HELD: {
    kind: 'data',
    cause:
      'A value cannot be written down in the chosen modes: NaN or an infinity as a precise decimal, a timestamp outside of 1677 to 2262 in nanoseconds, an interval beyond 292,000 years in microseconds, a nested array under a schema that has one level.',
    cure: 'Choose a mode that holds it (decimal.handling.mode: string, time.precision.mode: isostring or structured, interval.handling.mode: string), or write null in its place, as Debezium does: event.converting.failure.handling.mode: warn.',
  },
  VALUE_NOT_SENT: {
    kind: 'data',
    cause:
      "The server did not send a large value that was not changed (TOAST), and the column's type has no placeholder for it: Debezium would write null.",
    cure: 'Let the server send whole old rows: ALTER TABLE <table> REPLICA IDENTITY FULL; or write null as Debezium does: event.converting.failure.handling.mode: warn.',
  },
  NAME_CONFLICT: {
    kind: 'config',
    cause: 'Two columns have the same name once it was adjusted for Avro.',
    cure: 'Set field.name.adjustment.mode: avro_unicode, which keeps them apart, or none.',
  },
  RECORD_MALFORMED: {
    kind: 'data',
    cause: 'A record that was read is no JSON: it was cut off, or is something else.',
    cure: 'Look at the file or topic at the place that the message names. Where such records are to be left out, the connector that reads has an option for it.',
  },
  RECORD_NOT_DEBEZIUM: {
    kind: 'data',
    cause: "A record that was read is JSON, and not one of Debezium's change events.",
    cure: 'Check what writes to this file or topic. For events that went through ExtractNewRecordState set unwrap: true.',
  },
  RECORD_VALUE: {
    kind: 'data',
    cause: 'A value in a record that was read does not have the form that its column or schema asks for.',
    cure: 'Check that the modes here (decimal.handling.mode, time.precision.mode, ...) are those that it was written with, and that the table has the same types.',
  },
  RECORD_TYPES_UNKNOWN: {
    kind: 'config',
    cause: 'Records without schemas do not tell the types of their fields, and nothing else does.',
    cure: 'Name the columns and types where the reading connector has an option for them, or write the records with schemas.enable: true.',
  },
} as const satisfies Record<string, ErrorEntry>

export const error = defineErrors(errorCatalogue)
