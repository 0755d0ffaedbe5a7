import { postgresVersions, sharedPostgres, startProxy } from '@cdc/servers'
import { sampleTypes, sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { jdbc } from '../src/index.ts'
import { TestTarget } from './target.ts'

describe.each(postgresVersions.map((version) => ({ version })))('on PostgreSQL $version', async ({ version }) => {
  const target = await TestTarget.make(await sharedPostgres(version))
  await target.run(`CREATE TYPE public.testkit_mood AS ENUM ('sad', 'o''k', 'very happy')`)
  let cases = 0
  sinkConformance({
    runner: { describe, test },
    capabilities: jdbc({ url: 'jdbc:postgresql://localhost/any', username: 'any' }).capabilities,
    can: { cut: true, stall: true },
    types: sampleTypes,
    fixture: async () => {
      const schema = `case${cases++}`
      const proxy = await startProxy(target.server)
      const own = { 'table-name': `${schema}.\${table}`, 'sink.state-table': `${schema}.position` }
      return {
        sink: target.sink(own, proxy.port),
        rows: (table) => target.rows(table, schema),
        cut: async () => proxy.reset(),
        stall: async () => {
          proxy.stall()
          return async () => proxy.resume()
        },
        dispose: async () => proxy.close(),
      }
    },
  })
})
