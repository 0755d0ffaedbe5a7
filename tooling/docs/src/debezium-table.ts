import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Page, PageError } from './page.ts'

const path = join('docs', '16-from-debezium.md')
const [start, end] = ['<!-- debezium -->', '<!-- /debezium -->']

/** The page for those who come from Debezium, with what becomes of each option between the markers. */
export async function debeziumPage(root: string): Promise<Page> {
  const index = pathToFileURL(join(root, 'packages', 'postgres-cdc', 'src', 'index.ts')).href
  const { debeziumOptionTable } = (await import(index)) as { debeziumOptionTable: () => string }
  const text = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
  const [before, rest] = text.split(start)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new PageError(`${path} has no place for Debezium's options: ${start} and ${end}.`)
  return { path, text: `${before}${start}\n\n${debeziumOptionTable()}\n\n${end}${after}` }
}
