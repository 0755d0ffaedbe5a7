import type { Position } from '@cdc/core'
import { loadCheckpoint } from './checkpoint.ts'
import { lookAtDirectory } from './state/directory-state.ts'

/**
 * Where the pipeline stands by its state in a directory; undefined where it has none. For commands beside a run: takes
 * no lease. Throws what a run would: STATE_CORRUPT, STATE_NEWER, STATE_FOREIGN, CHECKPOINT_INVALID.
 */
export async function savedPosition(path: string, pipeline: string): Promise<Position | undefined> {
  return (await loadCheckpoint(lookAtDirectory(path, pipeline), pipeline))?.position
}
