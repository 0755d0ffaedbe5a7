import { describe, test } from 'vitest'
import { Faults, MemoryStore, memorySink, sampleTypes, sinkConformance } from '../src/index.ts'

const flavours = {
  'remembers, atomic tables': {},
  'remembers, rows early': { 'atomic-tables': false },
  'forgets, upsert, whole rows': { remembers: false, accepts: 'upsert', 'whole-rows': true, 'atomic-tables': false },
  'forgets, refuses tables without a key': { remembers: false, keyless: 'refuse', 'atomic-tables': false },
  'append only': { accepts: 'append', remembers: false, 'atomic-tables': false },
  'writes through': { remembers: false, 'atomic-tables': false, 'write-through': true },
} as const

for (const [name, options] of Object.entries(flavours)) {
  describe(name, () => {
    sinkConformance({
      runner: { describe, test },
      capabilities: memorySink({ store: new MemoryStore(), ...options }).capabilities,
      can: { cut: true, stall: true },
      types: sampleTypes,
      async fixture() {
        const [store, faults] = [new MemoryStore(), new Faults()]
        return {
          sink: memorySink({ store, faults, ...options }),
          rows: async (table) => store.rows(table),
          cut: async () => store.cut(),
          async stall() {
            const held = faults.add({ at: 'flush', hang: true })
            return async () => held.release()
          },
        }
      },
    })
  })
}
