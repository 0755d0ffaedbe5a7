import { existsSync, globSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { type Page, PageError } from './page.ts'

const start = /<!-- code: (\S+) -->/g
const end = '<!-- /code -->'

/** Pages of `docs/` that show files of the repository, with those files between `<!-- code: path -->` and the end. */
export function codePages(root: string): { pages: Page[]; problems: PageError[] } {
  const pages: Page[] = []
  const problems: PageError[] = []
  for (const path of globSync('docs/*.md', { cwd: root }).sort()) {
    const page = readFileSync(join(root, path), 'utf8')
    try {
      const text = includeCode(page, path, (file) => readCode(root, file))
      if (page.match(start) !== null) pages.push({ path, text })
    } catch (error) {
      if (!(error instanceof PageError)) throw error
      problems.push(error)
    }
  }
  return { pages, problems }
}

const readCode = (root: string, file: string) =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : undefined

/** `read` gives a file's text by its path from the root. */
export function includeCode(page: string, path: string, read: (file: string) => string | undefined): string {
  let text = ''
  let from = 0
  for (const match of page.matchAll(start)) {
    const file = match[1]!
    const code = read(file)
    if (code === undefined) throw new PageError(`${path} shows ${file}, which is not there.`)
    const begin = match.index + match[0].length
    const to = page.indexOf(end, begin)
    if (to < 0) throw new PageError(`${path} has no ${end} after the place of ${file}.`)
    text += `${page.slice(from, begin)}\n\n\`\`\`${extname(file).slice(1)}\n${code.trimEnd()}\n\`\`\`\n\n`
    from = to
  }
  return text + page.slice(from)
}
