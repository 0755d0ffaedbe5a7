/** libpq's sslmode: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/** TLS with exactly libpq's meaning. All are paths of PEM files, except the password. */
export interface SslOptions {
  /** Default: `prefer` on loopback and Unix sockets, `verify-full` elsewhere. */
  readonly mode?: SslMode | undefined
  /** Certificates to trust. `system` or absent: those that Node trusts. With `require` its presence means verify-ca. */
  readonly rootCert?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** Of an encrypted `key`. */
  readonly keyPassword?: string | undefined
}

/** A password, or how to get one at each connection (a file that is rotated, a token that expires). */
export type Password = string | (() => string | Promise<string>)

/** How to reach one database. Used for ordinary and for replication connections alike. */
export interface ConnectionOptions {
  /** A name, an address, or the folder of a Unix socket when it begins with `/`. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password?: Password | undefined
  readonly database: string
  readonly ssl?: SslOptions | undefined
  /** Shown in pg_stat_activity; 63 bytes at most. Default `cdc`. */
  readonly applicationName?: string | undefined
  /** Milliseconds for everything up to the first ReadyForQuery, a second TLS attempt included. Default 30 000. */
  readonly connectTimeout?: number | undefined
  /** Milliseconds for a statement that has no limit of its own. 0: none. Default 60 000. */
  readonly queryTimeout?: number | undefined
  /** Milliseconds without a byte from the server while rows are copied. 0: no limit. Default 30 minutes. */
  readonly copySilence?: number | undefined
  /** Milliseconds of silence before TCP asks whether the peer is alive (then 10 probes, a second apart). Default 10 000. */
  readonly keepAlive?: number | undefined
}
