import { type Batch, CdcError, type ConfiguredSource } from '@cdc/core'
import { error } from './errors.ts'
import type { Stand } from './where-to-stand.ts'

/** Where a target that was set back is the reason for a lost history, the error says so. */
export async function* explained(
  batches: AsyncIterable<Batch>,
  source: ConfiguredSource,
  { from, setBack }: Stand,
): AsyncGenerator<Batch> {
  let first = true
  try {
    for await (const batch of batches) {
      first = false
      yield batch
    }
  } catch (failure) {
    const cause = CdcError.from(failure)
    if (!first || setBack === undefined || from === undefined || cause.kind !== 'history-lost') throw cause
    const message = `Sink '${setBack}' stands at ${source.positions.describe(from)}, before the point that this pipeline has saved, and the source cannot go back there: ${cause.message}`
    throw error('TARGET_BEHIND', { message, where: { sink: setBack }, cause })
  }
}
