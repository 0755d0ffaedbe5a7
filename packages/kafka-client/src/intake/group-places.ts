import { CdcError } from '@cdc/core'
import type { PartitionOffset, TopicPartition } from '../port.ts'
import { type OffsetLookUp, startOffsets } from './look-up-offsets.ts'
import type { OffsetMode } from './offset-options.ts'
import { offsetsOf, placeOf, type TopicPosition } from './topic-position.ts'

const earliest: OffsetMode = { mode: 'earliest-offset' }

/** Where the partitions of a group stand, as far as the group knows; else where they start. */
export class GroupPlaces {
  readonly #from: OffsetLookUp
  readonly #startup: OffsetMode
  readonly #before: ReadonlyMap<string, bigint>

  /** `before`: what this process has saved last, should the group have forgotten its offsets meanwhile. */
  constructor(from: OffsetLookUp, startup: OffsetMode, before: TopicPosition | undefined) {
    this.#from = from
    this.#startup = startup
    this.#before = new Map(before === undefined ? [] : offsetsOf(before).map((one) => [placeOf(one), one.offset]))
  }

  /**
   * Before the first member joins: writes the start of every partition down, so that members which come to one later
   * start it there too, and a partition that is in nobody's list then is a new one. The broker refuses it to a group
   * with members, which are the ones to say where to start.
   */
  async seed(all: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const { admin, groupId } = this.#from
    if (all.length === 0 || (await admin.groupOffsets(groupId!, all, signal)).length > 0) return
    try {
      await admin.alterGroupOffsets(groupId!, await this.#starts(all, this.#mode, signal), signal)
    } catch (failure) {
      if (CdcError.from(failure).code !== 'KAFKA_GROUP_BUSY') throw failure
    }
  }

  /** Of `some`; `all` are those of all topics, by which a partition that was added is told from a first start. */
  async of(
    some: readonly TopicPartition[],
    all: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<PartitionOffset[]> {
    if (some.length === 0) return []
    const { admin, groupId } = this.#from
    const known = await admin.groupOffsets(groupId!, all, signal)
    const names = new Map(known.map((one) => [placeOf(one), one]))
    const fresh = some.filter((one) => !names.has(placeOf(one)))
    const mode = known.length > 0 ? earliest : this.#mode
    return [...some.flatMap((one) => names.get(placeOf(one)) ?? []), ...(await this.#starts(fresh, mode, signal))]
  }

  /** Who has run before does not start where a first start would: that could leave records out. */
  get #mode(): OffsetMode {
    return this.#before.size > 0 ? earliest : this.#startup
  }

  async #starts(some: readonly TopicPartition[], mode: OffsetMode, signal: AbortSignal): Promise<PartitionOffset[]> {
    const saved = some.flatMap((one): PartitionOffset[] => {
      const offset = this.#before.get(placeOf(one))
      return offset === undefined ? [] : [{ ...one, offset }]
    })
    const rest = some.filter((one) => !this.#before.has(placeOf(one)))
    return [...saved, ...(await startOffsets(mode, rest, this.#from, signal))]
  }
}
