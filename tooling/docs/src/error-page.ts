import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ErrorEntry, type ErrorKind, errorAction } from '@cdc/core'
import type { Page } from './page.ts'

/** One package's entry for a code. */
interface Declared extends ErrorEntry {
  readonly package: string
}
export type Catalogue = Map<string, Declared[]>

/** Its errors are for authors of connectors and not for operators. */
const leftOut = new Set(['packages/testkit'])

const kinds: Readonly<Record<ErrorKind, string>> = {
  config: 'something must be changed by you: an option, a right, a table',
  connection: 'a server could not be reached, or the connection was lost',
  auth: 'a server refused who we are',
  throttled: 'a server asked to come back later',
  rewind: 'what was in flight is dropped and read again',
  data: 'a value or a row that cannot pass',
  'history-lost': 'it cannot be proved that nothing is missing',
  conflict: 'another writer is at work',
  bug: 'a fault of this program',
}

/** `docs/05-errors.md`: every code that can stop a pipeline, from what the packages declare with `defineErrors`. */
export async function errorPage(root: string): Promise<Page> {
  const runbooks = readFileSync(join(root, runbookPage), 'utf8')
  return { path: join('docs', '05-errors.md'), text: errorText(await readCatalogues(root), runbooksByCode(runbooks)) }
}

const runbookPage = join('docs', '18-runbooks.md')

/** By code the link to the section of the runbooks that has it in its line `Codes:`. */
export function runbooksByCode(page: string): Map<string, string> {
  const links = new Map<string, string>()
  let heading = ''
  for (const line of page.split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3)
    if (!line.startsWith('Codes: ')) continue
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-')
    for (const [, code] of line.matchAll(/`([A-Z0-9_]+)`/g)) links.set(code!, `[${heading}](18-runbooks.md#${anchor})`)
  }
  return links
}

/** Every export of a `*errors.ts` that `defineErrors` made. */
async function readCatalogues(root: string): Promise<Catalogue> {
  const catalogue: Catalogue = new Map()
  for (const group of ['packages', 'apps']) {
    for (const name of readdirSync(join(root, group)).sort()) {
      const source = join(root, group, name, 'src')
      if (leftOut.has(`${group}/${name}`) || !existsSync(source)) continue
      const manifest = JSON.parse(readFileSync(join(root, group, name, 'package.json'), 'utf8')) as { name: string }
      for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()) {
        if (!/(^|[/\\-])errors\.ts$/.test(file)) continue
        const exports = (await import(pathToFileURL(join(source, file)).href)) as Record<string, unknown>
        add(exports, manifest.name, catalogue)
      }
    }
  }
  return catalogue
}

function add(exports: Record<string, unknown>, name: string, catalogue: Catalogue): void {
  for (const maker of new Set(Object.values(exports))) {
    if (typeof maker !== 'function' || !('catalogue' in maker)) continue
    for (const [code, entry] of Object.entries(maker.catalogue as Record<string, ErrorEntry>)) {
      const known = catalogue.get(code) ?? []
      known.push({ ...entry, package: name })
      catalogue.set(code, known)
    }
  }
}

export function errorText(catalogue: Catalogue, runbooks: ReadonlyMap<string, string> = new Map()): string {
  const unknown = [...runbooks.keys()].filter((code) => !catalogue.has(code))
  if (unknown.length > 0)
    throw new Error(`docs/18-runbooks.md has codes that no package declares: ${unknown.join(', ')}`)
  const rows = Object.entries(kinds).map(
    ([kind, meaning]) =>
      `| \`${kind}\` | ${meaning} | ${errorAction[kind as ErrorKind] === 'rewind' ? 'tries again' : 'stops'} |`,
  )
  const codes = [...catalogue.keys()].sort()
  return `# Errors

Every error has a code that stays the same from version to version, a kind, a message (what happened and where) and a
hint (what to do). This page is generated from the code: \`pnpm run docs\`. It lists ${codes.length} codes by name.

The kind decides what a running pipeline does. Trying again means: what is in flight is dropped, connections are made
anew, and reading goes on from where the sinks stand, so nothing is lost and nothing comes twice.

| Kind | What it means | The pipeline |
| --- | --- | --- |
${rows.join('\n')}

${codes.map((code) => section(code, catalogue.get(code)!, runbooks.get(code))).join('\n\n')}
`
}

function section(code: string, declared: readonly Declared[], runbook: string | undefined): string {
  const same = new Map<string, Declared & { packages: string[] }>()
  for (const entry of declared) {
    const key = JSON.stringify([entry.kind, entry.cause, entry.cure])
    const first = same.get(key)
    if (first === undefined) same.set(key, { ...entry, packages: [entry.package] })
    else if (!first.packages.includes(entry.package)) first.packages.push(entry.package)
  }
  const texts = [...same.values()].map(
    ({ kind, cause, cure, packages }) =>
      `Kind \`${kind}\`, from ${packages.map((name) => `\`${name}\``).join(', ')}.\n\n- **Cause:** ${plain(cause)}\n- **Cure:** ${plain(cure)}`,
  )
  const link = runbook === undefined ? '' : `\n- **Runbook:** ${runbook}`
  return `## ${code}\n\n${texts.join('\n\n')}${link}`
}

/** `<name>` in a text is a place to fill in and no HTML. Code between backticks stays as it is. */
function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '\\<').replaceAll('*', '\\*')))
    .join('')
}
