import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyDefinition, isDefinition, optionTable } from '@cdc/core'
import { type Page, PageError } from './page.ts'

const end = '<!-- /options -->'

/** Its connectors are for tests of connectors; nobody writes them into a file. */
const leftOut = new Set([join('packages', 'testkit')])

/** The README of every package that exports definitions, with their option tables between the markers. */
export async function optionPages(root: string): Promise<{ pages: Page[]; problems: PageError[] }> {
  const pages: Page[] = []
  const problems: PageError[] = []
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const folder = join('packages', name)
    if (leftOut.has(folder) || !existsSync(join(root, folder, 'src', 'index.ts'))) continue
    const path = join(folder, 'README.md')
    try {
      const definitions = definitionsIn(await load(root, join(folder, 'src', 'index.ts')))
      if (definitions.length === 0) continue
      pages.push({ path, text: fillIn(readReadme(root, path, definitions[0]!.name), definitions, path) })
    } catch (error) {
      if (!(error instanceof PageError)) throw error
      problems.push(error)
    }
  }
  return { pages, problems }
}

async function load(root: string, index: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(join(root, index)).href)) as Record<string, unknown>
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PageError(`${index} can't be loaded, so its options stay as they are: ${why}`, { cause })
  }
}

function readReadme(root: string, path: string, connector: string): string {
  if (existsSync(join(root, path))) return readFileSync(join(root, path), 'utf8')
  throw new PageError(`${path} is missing: the package defines '${connector}'. Write it.`)
}

/** A definition may be exported under two names. */
function definitionsIn(exports: Record<string, unknown>): AnyDefinition[] {
  return [...new Set(Object.values(exports).filter(isDefinition))]
}

/**
 * Replaces what is between `<!-- options -->` and the end; where there are several definitions, `<!-- options: name -->`
 * or, for a source and a sink of one name, `<!-- options: source name -->`.
 */
export function fillIn(readme: string, definitions: readonly AnyDefinition[], path: string): string {
  let text = readme
  for (const definition of definitions) {
    const own = [`<!-- options: ${definition.kind} ${definition.name} -->`, named(definition)]
    const names = definitions.length === 1 ? ['<!-- options -->', ...own] : own
    const start = names.find((marker) => text.includes(marker))
    const from = start === undefined ? -1 : text.indexOf(start) + start.length
    const to = text.indexOf(end, from)
    if (from < 0 || to < 0)
      throw new PageError(
        `${path} has no place for the options of '${definition.name}'. Put ${names[0]} and ${end} on lines of their own.`,
      )
    text = `${text.slice(0, from)}\n\n${optionTable(definition.options)}\n\n${text.slice(to)}`
  }
  return text
}

const named = (definition: AnyDefinition) => `<!-- options: ${definition.name} -->`
