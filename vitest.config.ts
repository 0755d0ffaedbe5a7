import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './tooling/checks/src/closing-line.ts'
import { LongestFirst } from './tooling/checks/src/longest-first.ts'

// the tests start some thousands of processes from the same sources, and most of a start is compiling them
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), `cdc-compiled-${process.getuid?.() ?? 'user'}`)

export default defineConfig({
  resolve: { conditions: ['cdc-source'] },
  ssr: { resolve: { conditions: ['cdc-source'] } },
  test: {
    include: ['{packages,apps,tooling}/*/{src,test}/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['./tooling/servers/src/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    pool: 'forks',
    // live tests wait for servers half of the time, so three go side by side even on a small machine
    maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
    sequence: { sequencer: LongestFirst },
    // a slot waits for every transaction of its server, also those that other tests leave open for a while
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
})
