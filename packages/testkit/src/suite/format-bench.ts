import {
  type Change,
  type Decoder,
  type EncodedRecord,
  type Encoder,
  type Format,
  isRowChange,
  type Origin,
  type Row,
  type RowChange,
  silentLogger,
  type Table,
  type Truncate,
} from '@cdc/core'
import { completed, keyOf, rowKey } from '../cell.ts'
import { type EditTransaction, isTableEdit } from '../edit.ts'
import { randomChangelog } from '../generate/changelog.ts'
import { Random } from '../generate/random.ts'
import type { FormatDeclared, FormatFixture } from './format-fixture.ts'

/** A fixture with what the cases do to it. */
export class FormatBench {
  readonly declared: FormatDeclared
  readonly #fixture: FormatFixture
  readonly #formats: Format[] = []

  constructor(fixture: FormatFixture, declared: FormatDeclared) {
    this.#fixture = fixture
    this.declared = declared
  }

  /** A new instance, which writes values. */
  format(): Format {
    const format = this.#fixture.format.create({
      pipeline: 'testkit',
      logger: silentLogger,
      report() {},
      role: 'value',
    })
    this.#formats.push(format)
    return format
  }

  /** What the configured format says that it holds. */
  get holds(): string {
    return this.#fixture.format.holds
  }

  /** Random changes of a table, of the kinds that the format holds. */
  changes(seed: number, table: Table, transactions = 15): (RowChange | Truncate)[] {
    const changes = this.declared.holds !== 'append' && table.key.length > 0
    return placed(
      randomChangelog(new Random(seed), {
        tables: [table],
        transactions,
        updates: changes,
        deletes: changes,
        keyChanges: changes,
        swaps: changes,
        truncates: changes && this.declared.truncate,
        partial: changes && this.declared.partial,
      }),
    )
  }

  async dispose(): Promise<void> {
    for (const format of this.#formats) await format.close?.()
    await this.#fixture.dispose?.()
  }
}

/** Edits as changes of a stream. */
export function placed(transactions: readonly EditTransaction[]): (RowChange | Truncate)[] {
  return transactions.flatMap((edits, number) => {
    const place = BigInt(number + 1) * 1000n
    const transaction = {
      connector: 'testkit',
      database: 'testkit',
      id: String(number + 1),
      commitTime: 1_700_000_000_000_000n + place,
      commit: place,
    }
    return edits.filter(isTableEdit).flatMap((edit, order) => {
      const origin: Origin = { transaction, offset: place - 500n + BigInt(order), order }
      return edit.kind === 'schema' ? [] : [{ ...edit, origin }]
    })
  })
}

const bytesOf = (part: Uint8Array | string | null) => (typeof part === 'string' ? new TextEncoder().encode(part) : part)

/** Reads records back as a consumer would, who has bytes only. */
export async function decodeAll(decoder: Decoder, records: readonly EncodedRecord[]): Promise<Change[]> {
  const changes: Change[] = []
  for (const { key, value } of records) {
    const bytes = [bytesOf(key), bytesOf(value)] as const
    await decoder.prepare?.(...bytes)
    changes.push(...decoder.decode(...bytes))
  }
  return changes
}

/** Encodes each change, all with the same encoder. */
export function encodeAll(encoder: Encoder, changes: readonly (RowChange | Truncate)[]): EncodedRecord[] {
  return changes.flatMap((change) => [...encoder.encode(change)])
}

/** A text that is the same for the same bytes. */
export function recordKey({ key, value, headers, destination }: EncodedRecord): string {
  const hex = (part: Uint8Array | string | null | undefined) => {
    const bytes = bytesOf(part ?? null)
    return bytes === null ? 'none' : Buffer.from(bytes).toString('hex')
  }
  const all = Object.entries(headers ?? {}).map(([name, header]) => `${name}=${hex(header)}`)
  return [destination, hex(key), hex(value), ...all].join(' ')
}

/** The rows of a table after changes, taken as a consumer takes them: by key, and nothing is an error. */
export class Effect {
  readonly #rows = new Map<string, Row[]>()
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  apply(changes: readonly Change[]): this {
    for (const change of changes) {
      if (change.kind === 'truncate') this.#rows.clear()
      if (!isRowChange(change)) continue
      const before = 'before' in change ? change.before : undefined
      const old = before === undefined ? undefined : this.#take(before)
      if ('after' in change) this.#put(change.after, old)
    }
    return this
  }

  rows(): readonly Row[] {
    return [...this.#rows.values()].flat()
  }

  #put(row: Row, old: Row | undefined): void {
    if (this.#table.key.length === 0) {
      const place = rowKey(row)
      this.#rows.set(place, [...(this.#rows.get(place) ?? []), row])
      return
    }
    const place = this.#place(row)
    this.#rows.set(place, [completed(row, old ?? this.#rows.get(place)?.[0])])
  }

  #take(row: Row): Row | undefined {
    const place = this.#place(row)
    const held = this.#rows.get(place)
    const taken = held?.at(-1)
    if (held === undefined || held.length < 2) this.#rows.delete(place)
    else this.#rows.set(place, held.slice(0, -1))
    return taken
  }

  #place(row: Row): string {
    return this.#table.key.length > 0 ? keyOf(row, this.#table.key) : rowKey(row)
  }
}
