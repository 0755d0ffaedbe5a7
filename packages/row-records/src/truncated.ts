import { type Context, tableName } from '@cdc/core'
import type { OnTruncate, RowFaults } from './row-encoders.ts'

/** A TRUNCATE gives no record: it is left out with a line in the log, or an error. */
export function truncated(mode: 'skip' | 'fail', { logger, pipeline }: Context, faults: RowFaults): OnTruncate {
  return ({ table: { schema, name } }) => {
    const table = tableName({ schema, name })
    if (mode === 'fail')
      throw faults('truncate', { message: `Table ${table} was truncated at the source.`, where: { table } })
    logger.warn({ pipeline, table }, 'a TRUNCATE is not written down (encode.truncate: skip)')
    return []
  }
}
