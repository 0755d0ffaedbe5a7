import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['cdc-source'] },
  ssr: { resolve: { conditions: ['cdc-source'] } },
  test: {
    globalSetup: ['./tooling/servers/src/global-setup.ts'],
    include: ['{packages,apps,tooling}/*/{src,test}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
