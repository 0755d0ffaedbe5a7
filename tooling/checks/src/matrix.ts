/** `pnpm test:matrix [versions] [files]`: the tests on PostgreSQL 10 to 18, or on the versions given (`10,13`). */
import { run } from './steps.ts'

const [first, ...rest] = process.argv.slice(2)
const named = first !== undefined && /^\d+(,\d+)*$/.test(first)
const versions = named ? first : '10,11,12,13,14,15,16,17,18'
const files = named ? rest : process.argv.slice(2)

// a package outside the workspace, so that an ordinary install need not bring six more servers
const installed = await run('npx', [
  '-y',
  'pnpm@10',
  '--dir',
  'tooling/servers-matrix',
  '--ignore-workspace',
  'install',
])
process.exitCode = installed || (await run('vitest', ['run', ...files], { CDC_TEST_POSTGRES: versions }))
