import { defineErrors } from '@cdc/core'
import { connectionErrors } from './errors/connection-errors.ts'
import { replicationErrors } from './errors/replication-errors.ts'
import { statementErrors } from './errors/statement-errors.ts'

/**
 * Every error of this package, once. `cause` and `cure` are what the documentation prints; a thrower that knows more
 * (the statement with the real names in it) gives its own hint.
 */
export const pgError = defineErrors({ ...connectionErrors, ...replicationErrors, ...statementErrors })

/** This package's part of the error documentation. */
export const pgErrorCatalogue: typeof pgError.catalogue = pgError.catalogue

export type PgErrorCode = keyof typeof pgError.catalogue
