import { formatConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { newConnector } from '../src/index.ts'

// FILL IN: what your format cannot do: `can: { decode: false }`; the `types` that it can write; in `decoded`, what it
// cannot keep and says so in its README
formatConformance({
  runner: { describe, test },
  holds: newConnector({}).holds,
  fixture: async () => ({ format: newConnector({}) }),
})
