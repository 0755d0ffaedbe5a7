import { defineOptions, defineSink, text } from '@cdc/core'
import { expect, it } from 'vitest'
import { errorText, runbooksByCode } from '../src/error-page.ts'
import { includeCode } from '../src/included-code.ts'
import { fillIn } from '../src/option-tables.ts'

const sink = defineSink({
  name: 'nowhere',
  description: 'Takes everything.',
  options: defineOptions({ path: text({ doc: 'Where to put nothing.' }) }),
  capabilities: {},
  create: () => {
    throw new Error('never made')
  },
})

it('puts the option table between the markers and leaves the rest', () => {
  const page = fillIn('# A\n\n<!-- options -->\nold\n<!-- /options -->\n\nrest\n', [sink], 'README.md')
  expect(page).toContain('| `path` |')
  expect(page).not.toContain('old')
  expect(page).toMatch(/<!-- \/options -->\n\nrest\n$/)
  expect(fillIn(page, [sink], 'README.md')).toBe(page)
})

it('names the file and the markers where there is no place', () => {
  expect(() => fillIn('# A\n', [sink], 'packages/a/README.md')).toThrow(
    "packages/a/README.md has no place for the options of 'nowhere'. Put <!-- options --> and <!-- /options -->",
  )
})

it('lists each code once, with cause and cure', () => {
  const entry = { kind: 'config', cause: 'It is <wrong>.', cure: 'Put it right.' } as const
  const page = errorText(
    new Map([
      ['B_CODE', [{ ...entry, package: 'b' }]],
      [
        'A_CODE',
        [
          { ...entry, package: 'a' },
          { ...entry, package: 'b' },
        ],
      ],
    ]),
  )
  expect(page.match(/^## .*$/gm)).toEqual(['## A_CODE', '## B_CODE'])
  expect(page).toContain('Kind `config`, from `a`, `b`.\n\n- **Cause:** It is \\<wrong>.\n- **Cure:** Put it right.')
})

it('links a code to the runbook that names it, and refuses a runbook for a code that is none', () => {
  const runbooks = runbooksByCode('# R\n\n## The slot is gone, or moved\n\nCodes: `A_CODE`, `B_CODE`\n')
  const entry = { kind: 'config', cause: 'a', cure: 'b', package: 'p' } as const
  const catalogue = new Map(['A_CODE', 'B_CODE', 'C_CODE'].map((code) => [code, [entry]]))
  const page = errorText(catalogue, runbooks)
  expect(page.match(/Runbook:.*/g)).toEqual(
    Array(2).fill('Runbook:** [The slot is gone, or moved](18-runbooks.md#the-slot-is-gone-or-moved)'),
  )
  expect(() => errorText(new Map(), runbooks)).toThrow('A_CODE, B_CODE')
})

it('shows files of the repository between their markers, and leaves the rest', () => {
  const page = 'a\n\n<!-- code: x/a.ts -->\nold\n<!-- /code -->\n\nb\n<!-- code: b.yaml --><!-- /code -->\n'
  const text = includeCode(page, 'docs/1.md', (file) => `${file}!\n`)
  expect(text).toBe(
    'a\n\n<!-- code: x/a.ts -->\n\n```ts\nx/a.ts!\n```\n\n<!-- /code -->\n\nb\n<!-- code: b.yaml -->\n\n```yaml\nb.yaml!\n```\n\n<!-- /code -->\n',
  )
  expect(includeCode(text, 'docs/1.md', (file) => `${file}!\n`)).toBe(text)
})

it('names the page and the file that is not there, or has no end', () => {
  const show = (page: string) => includeCode(page, 'docs/1.md', (file) => (file === 'a.ts' ? 'a' : undefined))
  expect(() => show('<!-- code: b.ts --><!-- /code -->')).toThrow('docs/1.md shows b.ts, which is not there.')
  expect(() => show('<!-- code: a.ts -->')).toThrow('docs/1.md has no <!-- /code --> after the place of a.ts.')
})
