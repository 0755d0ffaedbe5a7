/**
 * `pnpm rescope @acme`: the workspace's packages get another scope. `pnpm rescope @cdc` brings the old one back; a line
 * that had to be broken for a longer name may stay broken.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { RescopeError, rescope } from './rescope.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const [to, ...rest] = process.argv.slice(2)

if (to === undefined || rest.length > 0) {
  console.error('Usage: pnpm rescope @scope')
  process.exitCode = 2
} else {
  try {
    const { from, files } = rescope(root, to)
    if (files.length === 0) console.log(`The scope is ${to} already.`)
    else {
      // a longer name can move a line break or the order of imports
      const sources = files.filter((file) => /\.(ts|json)$/.test(file))
      spawnSync('biome', ['check', '--write', '--linter-enabled=false', ...sources], { cwd: root, stdio: 'ignore' })
      console.log(`${from} is ${to} now, in ${files.length} files. The next command installs anew by itself.`)
    }
  } catch (error) {
    if (!(error instanceof RescopeError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
