import { describe, test } from 'vitest'
import { formatConformance, memoryFormat } from '../src/index.ts'

for (const holds of ['append', 'upsert', 'retract'] as const) {
  describe(holds, () => {
    formatConformance({
      runner: { describe, test },
      holds,
      fixture: async () => ({ format: memoryFormat({ holds }) }),
    })
  })
}
