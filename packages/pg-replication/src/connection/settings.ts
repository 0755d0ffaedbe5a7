import { quoteLiteral } from '../quote.ts'

/**
 * What changes how values look, how names are found, which rows are seen and how long things may take. The role or
 * the database may have set any of them otherwise (ALTER ROLE ... SET).
 */
const pinned: readonly (readonly [name: string, value: string])[] = [
  ['datestyle', 'ISO, YMD'],
  ['intervalstyle', 'postgres'],
  ['timezone', 'UTC'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '3'],
  ['lc_monetary', 'C'],
  ['client_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
  ['xmlbinary', 'base64'],
  ['search_path', ''],
  ['row_security', 'off'],
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['idle_session_timeout', '0'],
  ['transaction_timeout', '0'],
  // a client that the network has swallowed must not keep its locks, its snapshot or its slot for hours
  ['tcp_keepalives_idle', '10'],
  ['tcp_keepalives_interval', '5'],
  ['tcp_keepalives_count', '4'],
  ['default_transaction_read_only', 'off'],
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_deferrable', 'off'],
]

/**
 * One statement for ordinary and for replication connections: a simple query, since walsenders take no other, and
 * no start-up parameters, since poolers refuse or swallow those. Settings that the server does not have are left out.
 */
export const pinSettings = `SELECT pg_catalog.set_config(s.name, v.value, false), pg_catalog.current_setting('server_version_num') AS version,
  pg_catalog.pg_backend_pid() AS pid, pg_catalog.version() AS product
FROM (VALUES ${pinned.map(([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(value)})`).join(', ')}) AS v (name, value)
JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) v.name`
