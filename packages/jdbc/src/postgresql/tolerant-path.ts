import { CdcError } from '@cdc/core'
import type { Connection } from './connection.ts'
import { quoteQualified } from './quote.ts'
import type { Refusals } from './refusals.ts'
import { allDeferred, type DeferredCheck, Segment, type SegmentItem } from './segment.ts'
import { ServerError } from './server-error.ts'
import type { SetPath } from './set-path.ts'

interface Refused {
  readonly item: SegmentItem
  readonly error: CdcError
}

/**
 * Applies a segment inside of the open transaction, less the changes that the target cannot take. What is refused is
 * found by halves: between transactions first, since each of them leaves the target's constraints whole, then inside
 * of the one that fails. Deferred constraints are asked at each end, or COMMIT would refuse all for the sake of one.
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

  /** `whole`: they are whole transactions, and so are all before them, so that deferred constraints must hold. */
  async apply(items: readonly SegmentItem[], whole: boolean): Promise<void> {
    const error = await this.#try(items, whole ? allDeferred : undefined)
    if (error === undefined) return
    const at = boundary(items)
    if (at !== undefined) {
      await this.apply(items.slice(0, at), whole)
      return this.apply(items.slice(at), whole)
    }
    const refused = whole ? await this.#refuseDeferred(items, error) : await this.#refuseFrom(items, error)
    for (const { item, error } of refused) await this.#refusals.add(item.change, error)
  }

  /** Of one transaction: what is refused at once, then what would be refused at COMMIT. */
  async #refuseDeferred(items: readonly SegmentItem[], error: CdcError): Promise<Refused[]> {
    if (items.length === 1) return [{ item: items[0]!, error }]
    let refused: Refused[] = []
    let failure: CdcError | undefined = error
    if (!isDeferred(error)) {
      const depth = await this.#savepoint()
      refused = await this.#refuseFrom(items, error)
      await this.#rollBack(depth)
    }
    for (;;) {
      const out = new Set(refused.map(({ item }) => item))
      const rest = items.filter((item) => !out.has(item))
      failure = await this.#try(rest, allDeferred)
      if (failure === undefined) return refused
      refused.push(...(await this.#guilty(rest, failure)))
    }
  }

  /** Those for which one constraint would refuse all. Nothing is applied. */
  async #guilty(items: readonly SegmentItem[], error: CdcError): Promise<Refused[]> {
    const check = checkOf(error)
    const suspects = items.filter((item) => isOfTable(item, error))
    const others = items.filter((item) => !isOfTable(item, error))
    const named = suspects.length > 0 && suspects.length < items.length && (await this.#would(others, check))
    let out = new Set(named ? suspects : items)
    // one that leans on a later one is taken back in the next round
    for (let before = Number.POSITIVE_INFINITY; out.size > 0 && out.size < before; ) {
      before = out.size
      out = await this.#takenBack(items, out, check)
    }
    return [...out].map((item) => ({ item, error }))
  }

  /** Of one transaction; applies the rest. */
  async #refuseFrom(items: readonly SegmentItem[], error: CdcError): Promise<Refused[]> {
    const depth = await this.#savepoint()
    const refused = await this.#inOrder(items, error)
    const doubtful = refused.filter((one) => !isOfItsOwn(one.error))
    if (doubtful.length === 0 || items.length === 1) {
      await this.#release()
      return refused
    }
    await this.#rollBack(depth)
    return this.#together(items, refused, doubtful)
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
  ): Promise<Refused[]> {
    const mayReturn = new Set(doubtful.map(({ item }) => item))
    const certain = new Set(refused.map(({ item }) => item).filter((item) => !mayReturn.has(item)))
    const out = await this.#takenBack(
      items.filter((item) => !certain.has(item)),
      mayReturn,
    )
    const left = refused.filter(({ item }) => certain.has(item) || out.has(item))
    const failure = await this.#try(items.filter((item) => !certain.has(item) && !out.has(item)))
    return failure === undefined ? left : this.#inOrder(items, failure)
  }

  /** Which of those that are out must stay out: each is tried beside all that are in, by halves. Nothing is applied. */
  async #takenBack(
    items: readonly SegmentItem[],
    left: ReadonlySet<SegmentItem>,
    check?: DeferredCheck,
  ): Promise<Set<SegmentItem>> {
    const out = new Set(left)
    const takeBack = async (some: readonly SegmentItem[]): Promise<void> => {
      const taken = new Set(some)
      const beside = items.filter((item) => !out.has(item) || taken.has(item))
      if (await this.#would(beside, check)) for (const item of some) out.delete(item)
      else if (some.length > 1) {
        const middle = some.length >> 1
        await takeBack(some.slice(0, middle))
        await takeBack(some.slice(middle))
      }
    }
    await takeBack([...left])
    return out
  }

  /** Would they be taken? Nothing of it stays. */
  async #would(items: readonly SegmentItem[], check?: DeferredCheck): Promise<boolean> {
    const depth = await this.#savepoint()
    const failure = await this.#try(items, check)
    await this.#rollBack(depth)
    return failure === undefined
  }

  /** Applies them; or changes nothing and gives the reason, where that is in the data. */
  async #try(items: readonly SegmentItem[], check?: DeferredCheck): Promise<CdcError | undefined> {
    if (items.length === 0) return undefined
    const depth = await this.#savepoint()
    try {
      await Segment.of(items).apply(this.#connection, this.#sets, check)
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

const isDeferred = ({ cause }: CdcError) => cause instanceof ServerError && cause.deferred

/** What to ask of a set in which the same fault may be: no more than the constraint itself, where it has a name. */
function checkOf({ cause }: CdcError): DeferredCheck | undefined {
  if (!(cause instanceof ServerError && cause.deferred)) return undefined
  const { schema, constraint } = cause
  return schema === undefined || constraint === undefined ? allDeferred : quoteQualified(schema, constraint)
}

function isOfTable({ writer: { target } }: SegmentItem, { cause }: CdcError): boolean {
  return cause instanceof ServerError && target.name === cause.table && target.schema === cause.schema
}
