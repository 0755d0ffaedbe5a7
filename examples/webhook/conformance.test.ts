import { memoryFormat, sampleTypes, sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { Service } from './service.ts'
import { webhook } from './webhook.ts'

for (const holds of ['upsert', 'retract'] as const) {
  const format = memoryFormat({ holds })
  describe(`in a format that holds ${holds}`, () => {
    sinkConformance({
      runner: { describe, test },
      capabilities: webhook({ url: 'http://localhost', format }).capabilities,
      can: { cut: true, stall: true },
      types: sampleTypes,
      async fixture(tables) {
        const service = await Service.start(tables, format)
        return {
          sink: webhook({ url: service.url, format }),
          rows: async (table) => service.rows(table),
          cut: async () => service.dropConnections(),
          async stall() {
            const { promise, resolve } = Promise.withResolvers<void>()
            service.gate = promise
            return async () => resolve()
          },
          dispose: () => service.stop(),
        }
      },
    })
  })
}
