import { describe, test } from 'vitest'
import { MemoryDatabase, memorySource, sampleTypes, sourceConformance } from '../src/index.ts'

sourceConformance({
  runner: { describe, test },
  emits: 'retract',
  can: { alter: true, idle: true, loseHistory: true },
  types: sampleTypes,
  async fixture(tables) {
    const database = new MemoryDatabase()
    for (const table of tables) database.create(table)
    return {
      source: memorySource({ database }),
      commit: async (edits) => void database.commit(...edits),
      alter: async (_, table) => void database.commit({ kind: 'schema', table }),
      idle: async () => database.idle(),
      loseHistory: async () => database.advance('memory', database.head),
    }
  },
})
