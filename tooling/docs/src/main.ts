/** `pnpm run docs` writes the generated parts of docs and READMEs; with `--check` it says which are stale and fails. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debeziumPage } from './debezium-table.ts'
import { errorPage } from './error-page.ts'
import { codePages } from './included-code.ts'
import { optionPages } from './option-tables.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const check = process.argv.includes('--check')

const options = await optionPages(root)
const code = codePages(root)
const problems = [...options.problems, ...code.problems]
const stale = [...options.pages, ...code.pages, await debeziumPage(root), await errorPage(root)].filter(
  ({ path, text }) => current(path) !== text,
)
for (const { path, text } of stale) {
  if (!check) writeFileSync(join(root, path), text)
  console.log(`${check ? 'stale' : 'written'}: ${path}`)
}
for (const { message } of problems) console.error(message)
if (check && stale.length > 0) console.error('The code says something else than these pages. Run: pnpm run docs')
if (problems.length > 0 || (check && stale.length > 0)) process.exitCode = 1

function current(path: string): string | undefined {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
