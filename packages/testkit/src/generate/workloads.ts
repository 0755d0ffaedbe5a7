import type { Row, Table } from '@cdc/core'
import type { EditTransaction } from '../edit.ts'
import type { Random } from './random.ts'
import { tableOf } from './tables.ts'

/** A workload that shows by its rows alone whether anything was lost, repeated or torn apart. */
export interface Workload {
  readonly table: Table
  /** Run this first, as one transaction. */
  readonly begin: EditTransaction
  /** The next transaction. Endless. */
  next(random: Random): EditTransaction
  /** What is wrong with these rows, each fault as a sentence; `[]` when nothing is. Rows as `table` has them. */
  faults(rows: readonly Row[]): string[]
}

/**
 * Append only: each writer counts from 1 without a gap. A missing number is a loss, a number that is there twice is a
 * repeat. Without a key, so that nothing hides a repeat.
 */
export function ledger(
  options: { readonly writers?: number; readonly longest?: number; readonly name?: string } = {},
): Workload {
  const { writers = 3, longest = 5 } = options
  const table = tableOf(options.name ?? 'ledger', { writer: { kind: 'int32' }, number: { kind: 'int64' } }, [])
  const last = new Map<number, bigint>()
  return {
    table,
    begin: [],
    next(random) {
      const writer = random.int(1, writers)
      return Array.from({ length: random.int(1, longest) }, () => {
        const number = (last.get(writer) ?? 0n) + 1n
        last.set(writer, number)
        return { kind: 'insert', table, after: [writer, number] } as const
      })
    },
    faults: (rows) => [...last].flatMap(([writer, to]) => ledgerFaults(rows, writer, to)),
  }
}

function ledgerFaults(rows: readonly Row[], writer: number, to: bigint): string[] {
  const times = new Map<bigint, number>()
  for (const [who, number] of rows)
    if (who === writer) times.set(number as bigint, (times.get(number as bigint) ?? 0) + 1)
  const faults: string[] = []
  for (let number = 1n; number <= to; number++) {
    const count = times.get(number) ?? 0
    if (count === 0) faults.push(`Entry ${number} of writer ${writer} is missing.`)
    if (count > 1) faults.push(`Entry ${number} of writer ${writer} is there ${count} times.`)
    times.delete(number)
  }
  return [...faults, ...Array.from(times.keys(), (number) => `Entry ${number} of writer ${writer} was never written.`)]
}

/**
 * Transfers between accounts: whoever reads all balances at any moment finds the same sum, if transactions are applied
 * whole.
 */
export function bank(
  options: { readonly accounts?: number; readonly balance?: number; readonly name?: string } = {},
): Workload {
  const { accounts = 10, balance = 1000 } = options
  const types = { id: { kind: 'int32' }, balance: { kind: 'int32' } } as const
  const table = tableOf(options.name ?? 'account', types, ['id'])
  const held = Array.from({ length: accounts }, () => balance)
  return {
    table,
    begin: held.map((_, id) => ({ kind: 'insert', table, after: [id, balance] })),
    next(random) {
      const [from, to] = random.shuffle(held.map((_, id) => id)) as [number, number]
      const amount = random.int(1, 100)
      const move = (id: number, change: number) => {
        const before = [id, held[id]!]
        held[id] = held[id]! + change
        return { kind: 'update', table, before, after: [id, held[id]!] } as const
      }
      return [move(from, -amount), move(to, amount)]
    },
    faults(rows) {
      const sum = rows.reduce((total, [, cell]) => total + Number(cell), 0)
      const faults: string[] = []
      if (rows.length !== accounts) faults.push(`There are ${rows.length} accounts instead of ${accounts}.`)
      if (sum !== accounts * balance) faults.push(`The balances add up to ${sum} instead of ${accounts * balance}.`)
      return faults
    },
  }
}
