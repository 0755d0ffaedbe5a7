import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { namesOf, refuseClash } from './names.ts'
import { Refusal } from './refusal.ts'

export const kinds = ['source', 'sink', 'format'] as const
export type Kind = (typeof kinds)[number]

export interface Request {
  /** As people will write it after `connector:`. */
  readonly name: string
  readonly kind: Kind
  /** The folder in which the package's folder is made. */
  readonly into: string
  /** A package by itself, `cdc-<name>`, for its own repository; else one of this workspace. */
  readonly standalone: boolean
}

export interface Created {
  readonly folder: string
  readonly package: string
  /** Relative to the folder. */
  readonly files: readonly string[]
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const templates = join(root, 'tooling', 'create-connector', 'templates')

/** Makes the package. Throws a `Refusal` before anything is written. */
export function createConnector({ name: written, kind, into, standalone }: Request): Created {
  const names = namesOf(written)
  const texts = readTemplates(kind, standalone ? 'standalone' : 'workspace')
  const code = [...texts].filter(([file]) => file.endsWith('.ts'))
  refuseClash(names, new Map(code))
  const packageName = standalone ? `cdc-${names.kebab}` : `${scope()}/${names.kebab}`
  const folder = join(into, standalone ? packageName : names.kebab)
  if (existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0))
    throw new Refusal(`${folder} is there already, and nothing is written over.`, 'Take another name, or remove it.')
  const base = relative(folder, join(root, 'tooling', 'tsconfig', 'base.json'))
    .split(sep)
    .join('/')
  const description = `FILL IN: what this ${kind} connects to.`
  const own = { PACKAGE_NAME: packageName, BASE_TSCONFIG: base, DESCRIPTION: description }
  const fill = filler({ ...names.places, ...versions(), ...own })
  const files: string[] = []
  for (const [file, text] of texts) {
    const path = fill(file)
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), standalone ? withoutVitest(fill(text)) : fill(text))
    files.push(path)
  }
  return { folder, package: packageName, files: files.sort() }
}

/** The texts by their paths in the package. npm would take a file `.gitignore` for its own. */
function readTemplates(kind: Kind, where: 'workspace' | 'standalone'): Map<string, string> {
  const texts = new Map<string, string>()
  for (const folder of [kind, where])
    for (const file of readdirSync(join(templates, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(templates, folder, file)
      if (statSync(path).isFile()) texts.set(file === 'gitignore' ? '.gitignore' : file, readFileSync(path, 'utf8'))
    }
  return texts
}

/** Puts what is meant into every place. */
function filler(places: Readonly<Record<string, string>>): (text: string) => string {
  const longestFirst = Object.keys(places).sort((a, b) => b.length - a.length)
  const pattern = new RegExp(longestFirst.join('|'), 'g')
  return (text) => text.replace(pattern, (place) => places[place]!)
}

/** Outside of the workspace tests need nothing but Node, and its runner fits the suites as it is. */
const withoutVitest = (text: string) => text.replaceAll("from 'vitest'", "from 'node:test'")

interface Manifest {
  readonly name: string
  readonly version: string
}

const core = () => JSON.parse(readFileSync(join(root, 'packages', 'core', 'package.json'), 'utf8')) as Manifest
const scope = () => core().name.split('/')[0]!

/** What this workspace itself uses. */
function versions(): Record<string, string> {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
  const of = (name: string) => new RegExp(`^ +"?${name}"?: *(\\S+)$`, 'm').exec(catalog)![1]!
  return { CORE_RANGE: `^${core().version}`, NODE_TYPES: of('@types/node'), TYPESCRIPT: of('typescript') }
}
