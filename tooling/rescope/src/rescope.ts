import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What stops it, in words for people. Nothing was changed. */
export class RescopeError extends Error {}

export interface Rescoped {
  readonly from: string
  readonly to: string
  /** Changed files, relative to the root. */
  readonly files: readonly string[]
}

/**
 * Writes `to` for the workspace's scope in every file that is written by hand, and in the lock file: names, imports, docs.
 * Only names of packages of this workspace are touched (and `@scope/*` and `@scope/${...}`), so that another
 * project's packages in the same scope keep theirs. Doing it back gives the same bytes.
 */
export function rescope(root: string, to: string): Rescoped {
  if (!/^@[a-z0-9][a-z0-9._-]*$/.test(to))
    throw new RescopeError(
      `'${to}' is no npm scope: an @ and lower case letters, digits, dots and dashes, as in @acme.`,
    )
  const names = packageNames(root)
  const from = scopeOf(names)
  if (from === to) return { from, to, files: [] }
  const bare = names.map((name) => name.slice(name.indexOf('/') + 1))
  const texts = readTexts(root)
  refuseMixing(texts, scopePattern(to, bare), to)
  const pattern = scopePattern(from, bare)
  const files: string[] = []
  for (const [file, text] of texts) {
    const changed = text.replace(pattern, (whole) => to + whole.slice(from.length))
    if (changed === text) continue
    writeFileSync(join(root, file), changed)
    files.push(file)
  }
  return { from, to, files }
}

function packageNames(root: string): string[] {
  const manifests = globSync('{packages,apps,tooling}/*/package.json', { cwd: root })
  return manifests.map((file) => (JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string }).name)
}

function scopeOf(names: readonly string[]): string {
  const scopes = [...new Set(names.map((name) => name.split('/')[0]!))]
  if (scopes.length === 1 && scopes[0]!.startsWith('@')) return scopes[0]!
  throw new RescopeError(
    `The workspace's packages are not in one scope but in ${scopes.join(', ')}. Put that right first.`,
  )
}

/** `@scope/name` as a whole word, `@scope/*` and `@scope/${`. */
function scopePattern(scope: string, names: readonly string[]): RegExp {
  const longestFirst = [...names].sort((a, b) => b.length - a.length)
  const literal = scope.replaceAll('.', '\\.')
  return new RegExp(`(?<![\\w/-])${literal}/(?:(?:${longestFirst.join('|')})(?![\\w-])|\\*|\\$\\{)`, 'g')
}

/** Names that would be the same afterwards could not be told apart on the way back. */
function refuseMixing(texts: ReadonlyMap<string, string>, pattern: RegExp, to: string): void {
  for (const [file, text] of texts) {
    const found = text.match(pattern)?.[0]
    if (found !== undefined)
      throw new RescopeError(
        `${file} names ${found} already, so ${to} could not be changed back. Choose another scope.`,
      )
  }
}

/** Made or fetched, never written by hand; the scope's own tests use made-up names. */
const leftOut = new Set([
  '.git',
  '.turbo',
  '.cache',
  'coverage',
  'dist',
  'node_modules',
  join('tooling', 'rescope', 'test'),
])

/** The files of a workspace, relative to its root. Needs no git: a checkout may be an unpacked archive. */
export function workspaceFiles(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (leftOut.has(entry.name) || leftOut.has(path)) return []
    if (entry.isDirectory()) return workspaceFiles(root, path)
    return entry.isFile() ? [path] : []
  })
}

function readTexts(root: string): Map<string, string> {
  const texts = new Map<string, string>()
  for (const file of workspaceFiles(root)) {
    const bytes = readFileSync(join(root, file))
    const text = bytes.toString('utf8')
    if (!bytes.includes(0) && Buffer.from(text).equals(bytes)) texts.set(file, text)
  }
  return texts
}
