import { error } from '../errors.ts'
import type { TableWriter } from './table-writer.ts'

/** Part of a row changed, and the target has no such row. */
export function rowMissing({ label, target }: TableWriter, rows: number) {
  return error('ROW_MISSING', {
    message: `${rows === 1 ? 'A row' : `${rows} rows`} of ${label} changed in part and ${rows === 1 ? 'is' : 'are'} missing in ${target.schema}.${target.name} at the target, so the cells that did not change are not known.`,
    where: { table: label },
  })
}
