import { defineErrors } from '@cdc/core'

/** Errors of what the server sent: pgoutput messages, COPY text, values and types. */
export const decodeError = defineErrors({
  PGOUTPUT_MALFORMED: {
    kind: 'bug',
    cause: 'A message of the replication stream does not have the layout that the PostgreSQL manual gives for it.',
    cure: 'Report it with the server version and the message of this error. If a proxy or pooler sits between, connect to the server itself.',
  },
  PGOUTPUT_UNEXPECTED: {
    kind: 'bug',
    cause:
      'The server sent a message that protocol version 1 of pgoutput does not have, or sent it where it cannot be.',
    cure: 'Check that the slot was made for the pgoutput plug-in and without two_phase, then report it with the server version.',
  },
  PGOUTPUT_RELATION_UNKNOWN: {
    kind: 'bug',
    cause:
      'A change came for a table that the server has not described on this connection, though it must do so before the first change of each table.',
    cure: 'Run again: a new connection makes the server describe each table anew. If it comes back, report it with the server version.',
  },
  TYPE_UNKNOWN: {
    kind: 'rewind',
    cause: 'A column has a type that was made after the catalog of types was read.',
    cure: 'Read the catalog of types again and decode the same message again. A new connection does both.',
  },
  VALUE_MALFORMED: {
    kind: 'data',
    cause: 'The server sent a text that is no value of the column’s type.',
    cure: 'Check that no pooler or role setting changes DateStyle, bytea_output or client_encoding on our connections, then report it with the column’s type.',
  },
  VALUE_TOO_LARGE: {
    kind: 'data',
    cause: 'One value is longer than the longest string that JavaScript can hold (about 512 MB).',
    cure: 'Leave the column out of the publication (a column list, PostgreSQL 15 and later), or make the value smaller at the source.',
  },
  VALUE_ENCODING: {
    kind: 'data',
    cause:
      'A text is not valid UTF-8. The server converts from every encoding except SQL_ASCII, where it sends whatever bytes were stored.',
    cure: 'Repair the rows at the source, or move the database from SQL_ASCII to UTF8, or leave the column out.',
  },
  COPY_MALFORMED: {
    kind: 'bug',
    cause: 'A row of COPY text has not as many columns as were asked for, or holds an escape that is none.',
    cure: 'Report it with the server version and the table’s definition.',
  },
  COPY_TRUNCATED: {
    kind: 'connection',
    cause: 'COPY ended in the middle of a row.',
    cure: 'Run again: the table is read anew. If it comes back, look for what closes the connection: the server’s log, a proxy, a time limit.',
  },
})
