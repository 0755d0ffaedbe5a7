import { type CdcError, type ErrorPlace } from '@cdc/core'

/**
 * Any error of `pg`, a socket or TLS as a CdcError, by SQLSTATE or errno and never by text. `doing` completes
 * "while ...": `creating replication slot "x"`. CdcErrors pass unchanged.
 */
export declare function postgresError(error: unknown, doing: string, where?: ErrorPlace): CdcError
