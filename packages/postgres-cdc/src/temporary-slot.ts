import { randomBytes } from 'node:crypto'

/** Slots of this beginning are temporary ones of ours. */
export const TEMPORARY_SLOT_PREFIX = 'cdc_tmp_'

/** A name that nobody has, for a slot that is dropped with its connection. `slot` tells people whose it is. */
export function temporarySlotName(slot: string): string {
  return `${TEMPORARY_SLOT_PREFIX}${randomBytes(4).toString('hex')}_${slot}`.slice(0, 63)
}
