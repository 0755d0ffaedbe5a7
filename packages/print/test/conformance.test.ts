import { Writable } from 'node:stream'
import { sinkConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { print, printTo } from '../src/index.ts'

sinkConformance({
  runner: { describe, test },
  capabilities: print({}).capabilities,
  // texts are not quoted, so nothing can be read back
  can: { read: false },
  fixture: async () => {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    return { sink: printTo({ output: nowhere, error: nowhere })({}) }
  },
})
