import { defineErrors, type ErrorEntry } from '@cdc/core'

/** Every error of this package, for the docs. */
export const errorCatalogue = {
  AVRO_NAME: {
    kind: 'config',
    cause: 'The name of a table or column is none that Avro allows: letters, digits and underscores, no digit first.',
    cure: 'debezium-avro-confluent: set schema.name.adjustment.mode and field.name.adjustment.mode to avro or avro_unicode. avro and avro-confluent: set field-name-adjustment: avro, or rename the column.',
  },
  AVRO_TYPE: {
    kind: 'config',
    cause: 'A column is of a type that the schema in the option schema cannot hold, or the schema lacks it.',
    cure: 'Change the schema, or leave the option out: then it is derived from the table.',
  },
  AVRO_SCHEMA: {
    kind: 'config',
    cause: 'The text in the option schema is no Avro schema of a record.',
    cure: 'Look at the place that the message names; fields with a default and unions with null are allowed.',
  },
  AVRO_VALUE_NOT_HELD: {
    kind: 'data',
    cause:
      'A value cannot be held by the Avro type of its column: NaN or an infinity as a decimal, an infinite date or timestamp, a number with more digits than declared, a nested array, null where null is not allowed.',
    cure: 'The change is in the log, so correcting the row at the source does not let it pass. Leave the column out (`postgres-cdc`: debezium.column.exclude.list), or set a format that holds the value (json, debezium-json, debezium-avro-confluent with decimal.handling.mode: string), and start again: the pipeline goes on at this change. For rows to come another type of the column may do: a numeric without precision is written as text.',
  },
  AVRO_CELL_NOT_SENT: {
    kind: 'data',
    cause:
      'The server did not send a large value that was not changed (TOAST), and an Avro record has no way to leave a field out.',
    cure: 'Let the server send whole old rows: ALTER TABLE <table> REPLICA IDENTITY FULL; or use debezium-avro-confluent, which has a placeholder.',
  },
  AVRO_KEY_MISSING: {
    kind: 'data',
    cause: 'A change of a keyed log has no key: the table has none, or a record without a value came without one.',
    cure: 'Give the table a primary key, or use debezium-avro-confluent, which needs none.',
  },
  AVRO_CHANGE_NOT_HELD: {
    kind: 'config',
    cause: 'An update or delete came to a format that writes down inserted rows only (changelog: none).',
    cure: 'Set changelog: upsert (rows and tombstones), or use debezium-avro-confluent.',
  },
  AVRO_OLD_ROW_MISSING: {
    kind: 'data',
    cause: "An update or delete in Flink's shape of debezium-avro-confluent has no old row.",
    cure: 'Let the source table send old rows: ALTER TABLE <table> REPLICA IDENTITY FULL.',
  },
  AVRO_TRUNCATE: {
    kind: 'data',
    cause: 'A table was truncated at the source, and encode.truncate is fail.',
    cure: 'Set encode.truncate: skip.',
  },
  AVRO_TYPES_UNKNOWN: {
    kind: 'config',
    cause: 'Plain Avro does not tell which table its records are of, and nothing else does.',
    cure: 'Name the columns and types where the reading connector has an option for them.',
  },
  AVRO_RECORD: {
    kind: 'data',
    cause: 'A record that was read is not what its schema says: it was cut off, is too long, or is something else.',
    cure: 'Check what writes to this topic. Records with a registry start with the byte 0: avro-confluent; without: avro.',
  },
  AVRO_FIELD: {
    kind: 'data',
    cause: 'A field of a record that was read does not fit the type of its column.',
    cure: 'Check that the types of the table are those that the record was written with.',
  },
  AVRO_ENVELOPE: {
    kind: 'data',
    cause:
      'A record that was read is Avro, but no change event: its op is none of c, r, u and d, or its row is missing.',
    cure: 'Check what writes to this topic; plain rows are read with the format avro-confluent.',
  },
  AVRO_MAGIC_BYTE: {
    kind: 'data',
    cause: 'Unknown data format. Magic number does not match: a record of a registry begins with the byte 0.',
    cure: 'The record was not written with a Confluent serializer. Read it with format avro, or check what writes to this topic.',
  },
  AVRO_SCHEMA_NOT_FETCHED: {
    kind: 'bug',
    cause: 'A connector decoded a record, or wrote a message, without having the schemas that it needs fetched first.',
    cure: 'The connector must await `prepare` of the decoder before `decode`, and that of the encoder before `encode`; report it to its author.',
  },
  REGISTRY_DOWN: {
    kind: 'connection',
    cause: 'No schema registry answered: connection refused or lost, a time-out, or an answer of 5xx, at every URL.',
    cure: 'Check the URL (with its path, such as /apis/ccompat/v7 for Apicurio) and that the registry runs. The pipeline tries again by itself, and nothing is lost meanwhile: the source keeps its log.',
  },
  REGISTRY_TLS: {
    kind: 'config',
    cause: 'The certificate of the registry was refused, or what it was to be checked with could not be read.',
    cure: 'Give the CA in PEM: ssl.truststore.location (or ssl.ca). Where the registry asks for a client certificate: ssl.keystore.location with certificate and key in PEM.',
  },
  REGISTRY_UNAUTHORIZED: {
    kind: 'auth',
    cause: 'The registry refused who we are (401), or what we may do (403).',
    cure: 'Check basic-auth.user-info or bearer-auth.token, and the rights of that user on the subject that the message names.',
  },
  REGISTRY_INCOMPATIBLE: {
    kind: 'config',
    cause:
      'The registry refused a schema: it is not compatible with those that the subject has, by its compatibility level.',
    cure: 'Change the table back, set the compatibility level of the subject, or write to another topic. No record was written with the new schema.',
  },
  REGISTRY_SCHEMA_REFUSED: {
    kind: 'config',
    cause: 'The registry takes no schema of this form.',
    cure: 'Look at the words of the registry in the message.',
  },
  REGISTRY_NOT_FOUND: {
    kind: 'config',
    cause: 'The registry does not know the subject, version or schema, and auto.register.schemas is off.',
    cure: 'Register the schema first, or set auto.register.schemas: true.',
  },
  REGISTRY_ID_UNKNOWN: {
    kind: 'data',
    cause: 'A record names a schema by an id that the registry does not know.',
    cure: 'Check that the URL is that of the registry which the writer used; ids of another one mean other schemas.',
  },
  REGISTRY_ANSWER: {
    kind: 'config',
    cause: 'What answered at the URL is no schema registry with the Confluent API.',
    cure: 'Check the URL and its path: Confluent http://host:8081, Apicurio http://host:8080/apis/ccompat/v7, Karapace http://host:8081.',
  },
} as const satisfies Record<string, ErrorEntry>

export const error = defineErrors(errorCatalogue)
