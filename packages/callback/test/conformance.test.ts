import { type Change, type ConfiguredSink, isTableChange, type Position } from '@cdc/core'
import { MemoryStore, sampleTypes, sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { callback, positionConflict } from '../src/index.ts'

/** A program that keeps what it is given until it is flushed, in a store that can be stalled. */
class Program {
  readonly store = new MemoryStore()
  readonly waiting: Change[] = []
  gate: Promise<void> = Promise.resolve()

  async commit(position?: Position): Promise<void> {
    await this.gate
    this.store.commit('program', this.waiting.splice(0), position)
  }

  atLeastOnce(): ConfiguredSink {
    return callback({
      accepts: 'retract',
      onBatch: ({ changes }) => void this.waiting.push(...changes.filter(isTableChange)),
      onFlush: () => this.commit(),
      onClose: () => void this.waiting.splice(0),
    })
  }

  /** Instances of one process write one after the other; the suite also wants two at a time, so each has its rows. */
  exactlyOnce(): ConfiguredSink {
    return {
      ...template,
      create: (context) => {
        const waiting: Change[] = []
        const sink = callback({
          accepts: 'retract',
          position: () => this.store.position('program'),
          onBatch: ({ changes }) => void waiting.push(...changes),
          onFlush: async (position, _signal, previous) => {
            await this.gate
            if (this.store.position('program') !== previous) throw positionConflict()
            this.store.commit('program', waiting.splice(0), position)
          },
        })
        return sink.create(context)
      },
    }
  }
}

const template = callback({ accepts: 'retract', onBatch() {}, onFlush() {}, position: () => undefined })

for (const way of ['atLeastOnce', 'exactlyOnce'] as const) {
  describe(way, () => {
    sinkConformance({
      runner: { describe, test },
      capabilities: new Program()[way]().capabilities,
      can: { stall: true, evolve: true },
      types: sampleTypes,
      async fixture() {
        const program = new Program()
        return {
          sink: program[way](),
          rows: async (table) => program.store.rows(table),
          async stall() {
            const { promise, resolve } = Promise.withResolvers<void>()
            program.gate = promise
            return async () => resolve()
          },
        }
      },
    })
  })
}
