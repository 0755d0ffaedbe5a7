/** The chapters of the README that say what each law is. `node --conditions=cdc-source test/law-chapters.ts` writes them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatLaws, type Law, sinkLaws, sourceLaws } from '../src/index.ts'

const path = fileURLToPath(new URL('../README.md', import.meta.url))
const [begin, end] = ['<!-- laws: generated, do not edit -->', '<!-- end of laws -->']

function chapter(title: string, laws: Readonly<Record<string, Law>>): string {
  const entries = Object.values(laws).map(
    ({ id, says, broken }) => `### ${id}\n\n${says}\n\n*When it is broken:* ${broken}`,
  )
  return `## ${title}\n\n${entries.join('\n\n')}`
}

/** The README with the chapters as the code has them. */
export function readmeWithLaws(): { readonly is: string; readonly shouldBe: string } {
  const is = readFileSync(path, 'utf8')
  const [before, after] = [is.slice(0, is.indexOf(begin)), is.slice(is.indexOf(end))]
  const chapters = [
    chapter('Laws of a source', sourceLaws),
    chapter('Laws of a sink', sinkLaws),
    chapter('Laws of a format', formatLaws),
  ]
  return { is, shouldBe: `${before}${begin}\n\n${chapters.join('\n\n')}\n\n${after}` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path, readmeWithLaws().shouldBe)
