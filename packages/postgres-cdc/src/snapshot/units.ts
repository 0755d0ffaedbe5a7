import type { CatalogTable } from '../catalog.ts'

/** Larger tables are read by themselves, by as many workers as are free. Blocks. */
const SMALL = 256
/** What one unit may hold at most: its tables stay locked until all are read. */
const MOST = { tables: 32, blocks: 1024 }

/**
 * Puts small neighbours of the list together, to be locked and read as one, as places in the list. Every worker gets
 * several units, so that few tables are not read by one of them alone.
 *
 * `alone`: tables that are to be read by themselves whatever their size.
 */
export function unitsOf(
  tables: readonly CatalogTable[],
  workers: number,
  alone: (table: CatalogTable) => boolean,
): number[][] {
  const most = Math.min(MOST.tables, Math.ceil(tables.length / (4 * workers)))
  const units: number[][] = []
  let open: number[] | undefined
  let blocks = 0
  for (const [i, table] of tables.entries()) {
    const small = table.kind === 'r' && table.pages < SMALL && !alone(table)
    if (small && open !== undefined && open.length < most && blocks + table.pages <= MOST.blocks) {
      open.push(i)
      blocks += table.pages
      continue
    }
    const unit = [i]
    units.push(unit)
    open = small ? unit : undefined
    blocks = table.pages
  }
  return units
}
