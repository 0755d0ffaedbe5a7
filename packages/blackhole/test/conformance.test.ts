import { sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { blackhole } from '../src/index.ts'

sinkConformance({
  runner: { describe, test },
  capabilities: blackhole({}).capabilities,
  can: { read: false },
  fixture: async () => ({ sink: blackhole({}) }),
})
