import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failpointList } from '../../../apps/cdc/src/failpoint-list.ts'

const root = join(import.meta.dirname, '../../..')

/** Every call of `failpoint` in what is shipped; `failpoint(entry, 'write')` serves both entries of the state. */
function namesInCode(): Set<string> {
  const names = new Set<string>()
  for (const group of ['packages', 'apps'])
    for (const name of readdirSync(join(root, group))) {
      for (const file of sources(join(root, group, name, 'src'))) {
        const text = readFileSync(file, 'utf8')
        for (const [, literal] of text.matchAll(/\bfailpoint\('([^']+)'\)/g)) names.add(literal!)
        for (const [, step] of text.matchAll(/\bfailpoint\(entry, '([^']+)'\)/g))
          for (const entry of ['checkpoint', 'tables']) names.add(`${entry}.${step}`)
        const calls = [...text.matchAll(/\bfailpoint\(/g)].length
        const read = [...text.matchAll(/\bfailpoint\((?:'[^']+'\)|entry, '[^']+'\)|name: string)/g)].length
        expect(read, `calls of failpoint in ${file} that name a place in another way`).toBe(calls)
      }
    }
  return names
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
}

test('the list has every failpoint of the code and no other, each once and with its meaning', () => {
  const listed = failpointList.map(([name]) => name)
  expect(new Set(listed).size).toBe(listed.length)
  expect(listed.toSorted()).toEqual([...namesInCode()].toSorted())
  for (const [, meaning] of failpointList) expect(meaning).not.toBe('')
})

test('the README of the command line shows the list', () => {
  const readme = readFileSync(join(root, 'apps/cdc/README.md'), 'utf8')
  for (const [name, meaning] of failpointList) expect(readme).toContain(`| \`${name}\` | ${meaning} |`)
})
