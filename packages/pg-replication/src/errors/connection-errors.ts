import type { ErrorEntry } from '@cdc/core'

/** Reaching the server, logging in, TLS, and the end of a connection. */
export const connectionErrors = {
  CONNECTION_REFUSED: {
    kind: 'connection',
    cause: 'Nothing listens at this host and port, or a firewall refuses.',
    cure: "Check host and port, that the server runs, and that listen_addresses covers this address (ALTER SYSTEM SET listen_addresses = '*'; then restart).",
  },
  HOST_NOT_FOUND: {
    kind: 'connection',
    cause: 'The name server knows no address for this host name.',
    cure: 'Check the spelling of the host name, and from which network it can be resolved.',
  },
  HOST_UNREACHABLE: {
    kind: 'connection',
    cause: 'There is no route to this address from here.',
    cure: 'Check the network between this machine and the server: routes, VPN, security groups.',
  },
  CONNECT_TIMEOUT: {
    kind: 'connection',
    cause: 'The server did not finish the start of a connection within the time allowed.',
    cure: 'Check that no firewall swallows packets to this port; a busy server may need a longer connect timeout.',
  },
  CONNECTION_LOST: {
    kind: 'connection',
    cause: 'The connection broke: the server process died, or something between cut it.',
    cure: "Nothing, when it happens now and then: it is made again. Else look into the server's log at this time.",
  },
  SOCKET_UNUSABLE: {
    kind: 'connection',
    cause: 'The Unix socket is not there, or this user may not open it.',
    cure: 'Check unix_socket_directories of the server, the port (it is part of the file name), and the rights on the folder.',
  },
  QUERY_TIMEOUT: {
    kind: 'connection',
    cause: 'The server did not answer a statement in time; the connection was cut.',
    cure: 'Look into pg_stat_activity for what it waits for (wait_event, pg_blocking_pids(pid)).',
  },
  ABORTED: {
    kind: 'connection',
    cause: 'We were told to stop while this ran.',
    cure: 'Nothing.',
  },
  PASSWORD_WRONG: {
    kind: 'auth',
    cause:
      'The server refused the password of this role (28P01). It says the same when the role does not exist or its password has expired.',
    cure: "Check user and password; set it anew with ALTER ROLE ... PASSWORD '...';",
  },
  PASSWORD_MISSING: {
    kind: 'auth',
    cause: 'The server asks for a password and none was given.',
    cure: 'Give a password.',
  },
  PASSWORD_UNPROTECTED: {
    kind: 'auth',
    cause: 'The server asks for the password in clear over a connection that is not encrypted.',
    cure: "Use sslmode 'require' or better, or 'scram-sha-256' in pg_hba.conf; sslmode 'disable' allows it knowingly.",
  },
  LOGIN_REFUSED: {
    kind: 'auth',
    cause:
      'No line of pg_hba.conf lets this role into this database from this address, the role does not exist or may not log in, or a client certificate is wanted (28000).',
    cure: 'Add a line to pg_hba.conf and run SELECT pg_reload_conf(); check the role with \\du.',
  },
  AUTH_UNSUPPORTED: {
    kind: 'auth',
    cause: 'The server wants a way of authentication that we do not speak (GSSAPI, SSPI, ...), or the exchange broke.',
    cure: "Let this role log in by 'scram-sha-256', 'md5', 'password' or 'cert' in pg_hba.conf.",
  },
  DATABASE_NOT_FOUND: {
    kind: 'config',
    cause: 'The server has no database of this name (3D000), or it was dropped while we were connected.',
    cure: 'Check the database name; names are case sensitive here. List them with SELECT datname FROM pg_database;',
  },
  NO_RIGHT: {
    kind: 'auth',
    cause:
      'The role lacks a right on an object (42501). Row level security that would hide rows is reported the same way.',
    cure: 'Grant it: GRANT USAGE ON SCHEMA ... TO ...; GRANT SELECT ON ... TO ...; with row level security: ALTER ROLE ... BYPASSRLS;',
  },
  NO_REPLICATION_RIGHT: {
    kind: 'auth',
    cause: 'The role may not replicate.',
    cure: 'Run as superuser: ALTER ROLE ... REPLICATION; on Amazon RDS: GRANT rds_replication TO ...; on Google Cloud SQL and Azure: ALTER USER ... REPLICATION;',
  },
  TOO_MANY_CONNECTIONS: {
    kind: 'throttled',
    cause:
      'The server has no free connection (max_connections, a limit of the role or the database), or no free walsender (max_wal_senders).',
    cure: 'Free some, or raise the limit: ALTER SYSTEM SET max_connections = ...; ALTER SYSTEM SET max_wal_senders = ...; then restart the server.',
  },
  SERVER_SHUTDOWN: {
    kind: 'connection',
    cause: 'The server shuts down, or an administrator ended this connection with pg_terminate_backend (57P01).',
    cure: 'Nothing, when the server comes back: the connection is made again.',
  },
  SERVER_CRASHED: {
    kind: 'connection',
    cause: 'Another process of the server crashed, and it restarted all of them (57P02).',
    cure: "Nothing here: the connection is made again. Look into the server's log.",
  },
  SERVER_STARTING: {
    kind: 'throttled',
    cause: 'The server starts up, shuts down or recovers, and takes no connection yet (57P03).',
    cure: 'Wait. A standby needs hot_standby = on to take connections at all.',
  },
  SESSION_TIMEOUT: {
    kind: 'connection',
    cause:
      'A timeout of the server ended the session (25P02..25P04, 57P05), though ours switches them off: something between resets settings.',
    cure: 'Connect without a pooler. Look for event triggers or login triggers that set timeouts.',
  },
  QUERY_CANCELED: {
    kind: 'rewind',
    cause:
      'Somebody canceled the statement (pg_cancel_backend), or a standby canceled it for a conflict with recovery (57014).',
    cure: 'Nothing, when it happens now and then. On a standby raise max_standby_streaming_delay.',
  },
  TLS_UNSUPPORTED: {
    kind: 'config',
    cause: 'The server has no TLS (ssl = off), and sslmode asks for it.',
    cure: "Switch TLS on at the server (ALTER SYSTEM SET ssl = on;), or, in a network that you trust, set the option sslmode to 'disable'.",
  },
  TLS_UNTRUSTED: {
    kind: 'config',
    cause: "The server's certificate is not signed by an authority that we trust.",
    cure: "Give the authority's certificate as sslrootcert; or set sslmode to 'require' without sslrootcert, which encrypts without checking who answers.",
  },
  TLS_WRONG_HOST: {
    kind: 'config',
    cause: "The server's certificate is for another host name.",
    cure: "Connect by the name that is in the certificate; or set sslmode to 'verify-ca' to check the authority alone.",
  },
  TLS_EXPIRED: {
    kind: 'config',
    cause: "The server's certificate is not valid at this time.",
    cure: "Renew the server's certificate; check the clock of this machine.",
  },
  TLS_CLIENT_REFUSED: {
    kind: 'auth',
    cause: 'The server refused our client certificate, or wants one and got none.',
    cure: 'Give sslcert and sslkey, of a certificate signed by an authority in ssl_ca_file of the server.',
  },
  TLS_FILE: {
    kind: 'config',
    cause: 'A file for TLS cannot be read, or does not hold what it should.',
    cure: 'Check the path, the rights on the file, and that it is PEM; an encrypted key needs sslpassword.',
  },
  TLS_OPTIONS: {
    kind: 'config',
    cause: 'The options for TLS contradict each other.',
    cure: 'See the message.',
  },
  TLS_FAILED: {
    kind: 'connection',
    cause: 'The TLS handshake broke off: no common version or cipher, or the server closed the connection.',
    cure: "Look into the server's log; check ssl_min_protocol_version and ssl_ciphers.",
  },
  TLS_INJECTED: {
    kind: 'conflict',
    cause:
      'There were bytes between the answer to the request for TLS and the handshake: somebody may be injecting data.',
    cure: 'Do not go on. Find out what stands between this machine and the server.',
  },
} as const satisfies Record<string, ErrorEntry>
