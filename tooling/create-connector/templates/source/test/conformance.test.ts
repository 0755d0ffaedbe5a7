import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sourceConformance } from '@cdc/testkit'
import { describe, test } from 'vitest'
import { newConnector } from '../src/index.ts'

// FILL IN: what your source can do, so that more laws are checked. Where the suite can write into your system, give it
// `commit` and take `write` out; where rows that are there come first, take `snapshot` out. See SourceAbilities.
const can = { write: false, snapshot: false, truncate: false, transactions: false }

for (const follow of [true, false]) {
  describe(follow ? 'without an end' : 'with an end', () => {
    sourceConformance({
      runner: { describe, test },
      emits: 'append',
      can: { ...can, bounded: !follow },
      // FILL IN: a fresh server, or a database of its own in one that the tests share
      async fixture() {
        const folder = mkdtempSync(join(tmpdir(), 'new-connector-'))
        const path = join(folder, 'events.txt')
        for (let number = 1; number <= 300; number++) appendFileSync(path, `something happened: ${number}\n`)
        return {
          source: newConnector({ path, follow, 'poll-interval': '10ms' }),
          dispose: async () => rmSync(folder, { recursive: true }),
        }
      },
    })
  })
}
