import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './tooling/checks/src/closing-line.ts'

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
    // live tests wait for servers most of the time, so two go side by side even on a small machine
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
