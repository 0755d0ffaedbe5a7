import { type Table, tableName } from '@cdc/core'

/** The last shape of each table that was handed on, in this run or (by name) in an earlier one. */
export class KnownShapes {
  readonly #earlier: ReadonlyMap<string, Table>
  readonly #earlierById = new Map<number, Table>()
  readonly #now = new Map<number, Table>()
  readonly #announced = new Set<number>()

  constructor(earlier: ReadonlyMap<string, Table>) {
    this.#earlier = earlier
    for (const table of earlier.values()) if (table.id !== undefined) this.#earlierById.set(table.id, table)
  }

  /** Also finds a table that has another name by now. A table made anew under an old name has no shape before it. */
  of(table: Pick<Table, 'schema' | 'name'> & { readonly id: number }): Table | undefined {
    const found = this.#now.get(table.id) ?? this.#earlierById.get(table.id)
    if (found !== undefined) return found
    const named = this.#earlier.get(tableName(table))
    return named?.id === undefined || named.id === table.id ? named : undefined
  }

  emitted(table: Table): void {
    if (table.id === undefined) return
    this.#now.set(table.id, table)
    this.#announced.add(table.id)
  }

  /** Has a shape of the table gone out since reading began? */
  wasEmitted(id: number): boolean {
    return this.#announced.has(id)
  }

  /** Reading begins (anew): every table is to be announced again. */
  begin(): void {
    this.#announced.clear()
  }
}
