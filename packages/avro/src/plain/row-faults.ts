import type { RowFaults } from '@cdc/row-records'
import { error } from '../errors.ts'

const codes = { change: 'AVRO_CHANGE_NOT_HELD', key: 'AVRO_KEY_MISSING', truncate: 'AVRO_TRUNCATE' } as const

/** This package's errors of what rows and tombstones cannot tell. */
export const rowFaults: RowFaults = (what, details) => error(codes[what], details)
