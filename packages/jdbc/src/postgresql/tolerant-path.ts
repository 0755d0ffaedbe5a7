import { CdcError } from '@cdc/core'
import type { Connection } from './connection.ts'
import type { Refusals } from './refusals.ts'
import { Segment, type SegmentItem } from './segment.ts'
import { ServerError } from './server-error.ts'
import type { SetPath } from './set-path.ts'

interface Refused {
  readonly item: SegmentItem
  readonly error: CdcError
}

/**
 * Applies a segment inside of the open transaction, less the changes that the target cannot take. What is refused is
 * found by halves: between transactions first, since each of them leaves the target's constraints whole, then inside
 * of the one that fails.
 */
export class TolerantPath {
  readonly #connection: Connection
  readonly #sets: SetPath
  readonly #refusals: Refusals

  constructor(connection: Connection, sets: SetPath, refusals: Refusals) {
    this.#connection = connection
    this.#sets = sets
    this.#refusals = refusals
  }

  async apply(items: readonly SegmentItem[]): Promise<void> {
    const error = await this.#try(items)
    if (error === undefined) return
    const at = boundary(items)
    if (at === undefined) return this.#refuseFrom(items, error)
    await this.apply(items.slice(0, at))
    await this.apply(items.slice(at))
  }

  /** Of one transaction. */
  async #refuseFrom(items: readonly SegmentItem[], error: CdcError): Promise<void> {
    const depth = await this.#savepoint()
    let refused: readonly Refused[] = await this.#inOrder(items, error)
    const doubtful = refused.filter((one) => !isOfItsOwn(one.error))
    if (doubtful.length === 0 || items.length === 1) await this.#release()
    else {
      await this.#rollBack(depth)
      refused = await this.#together(items, refused, doubtful)
    }
    for (const { item, error } of refused) await this.#refusals.add(item.change, error)
  }

  /** Applies what can be applied one half after the other. Gives the rest. `error`: why not all at once. */
  async #inOrder(items: readonly SegmentItem[], error: CdcError): Promise<Refused[]> {
    if (items.length === 1) return [{ item: items[0]!, error }]
    const refused: Refused[] = []
    const middle = items.length >> 1
    for (const half of [items.slice(0, middle), items.slice(middle)]) {
      const failure = await this.#try(half)
      if (failure !== undefined) refused.push(...(await this.#inOrder(half, failure)))
    }
    return refused
  }

  /**
   * A change that broke a key or a reference may have done so only because the transaction was cut before it or
   * after it. So those are tried once more beside all the others, as the one set that they are.
   */
  async #together(
    items: readonly SegmentItem[],
    refused: readonly Refused[],
    doubtful: readonly Refused[],
  ): Promise<readonly Refused[]> {
    const out = new Set(refused.map(({ item }) => item))
    const without = (back: readonly Refused[]) => {
      const taken = new Set(back.map(({ item }) => item))
      return items.filter((item) => !out.has(item) || taken.has(item))
    }
    const takeBack = async (some: readonly Refused[]): Promise<void> => {
      if (await this.#would(without(some))) for (const { item } of some) out.delete(item)
      else if (some.length > 1) {
        const middle = some.length >> 1
        await takeBack(some.slice(0, middle))
        await takeBack(some.slice(middle))
      }
    }
    await takeBack(doubtful)
    const left = refused.filter(({ item }) => out.has(item))
    const failure = await this.#try(items.filter((item) => !out.has(item)))
    return failure === undefined ? left : this.#inOrder(items, failure)
  }

  /** Would they be taken? Nothing of it stays. */
  async #would(items: readonly SegmentItem[]): Promise<boolean> {
    const depth = await this.#savepoint()
    const failure = await this.#try(items)
    await this.#rollBack(depth)
    return failure === undefined
  }

  /** Applies them; or changes nothing and gives the reason, where that is in the data. */
  async #try(items: readonly SegmentItem[]): Promise<CdcError | undefined> {
    if (items.length === 0) return undefined
    const depth = await this.#savepoint()
    try {
      await Segment.of(items).apply(this.#connection, this.#sets)
    } catch (cause) {
      if (!CdcError.is(cause) || cause.kind !== 'data') throw cause
      await this.#rollBack(depth)
      return cause
    }
    await this.#release()
    return undefined
  }

  /** Gives how many were open before. */
  async #savepoint(): Promise<number> {
    await this.#connection.query('SAVEPOINT cdc_tolerant')
    const { depth } = this.#sets
    this.#sets.savepoint()
    return depth
  }

  async #release(): Promise<void> {
    await this.#connection.query('RELEASE SAVEPOINT cdc_tolerant')
    this.#sets.released()
  }

  /** Those inside of it are gone with it. */
  async #rollBack(depth: number): Promise<void> {
    const flight = this.#connection.flight()
    flight.run('ROLLBACK TO SAVEPOINT cdc_tolerant')
    flight.run('RELEASE SAVEPOINT cdc_tolerant')
    await flight.send()
    this.#sets.rolledBackTo(depth)
  }
}

/** The place nearest to the middle where a transaction ends; undefined where there is but one. */
function boundary(items: readonly SegmentItem[]): number | undefined {
  const isOne = (at: number) =>
    at > 0 && at < items.length && items[at]!.change.origin.transaction !== items[at - 1]!.change.origin.transaction
  const middle = items.length >> 1
  for (let step = 0; step <= middle; step++) {
    if (isOne(middle - step)) return middle - step
    if (isOne(middle + step)) return middle + step
  }
  return undefined
}

/** Is the row at fault by itself, whatever rows are beside it: a value, a NOT NULL, a CHECK? */
function isOfItsOwn({ cause }: CdcError): boolean {
  return cause instanceof ServerError && /^(22|23502|23514)/.test(cause.code)
}
