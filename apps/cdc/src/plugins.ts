import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CONTRACT } from '@cdc/core'
import { type Connectors, definitionsOf } from './connectors.ts'
import { error } from './errors.ts'

/**
 * Loads a plug-in, a path (which begins with `.` or `/`) or the name of a package, and adds its connectors. Both are
 * looked for from `directory`, that of the pipeline's file; a package also beside `cdc` itself. Throws a coded error.
 */
export async function loadPlugin(written: string, directory: string, connectors: Connectors): Promise<void> {
  const file =
    written.startsWith('.') || isAbsolute(written) ? pathOf(written, directory) : packageOf(written, directory)
  const module = await importPlugin(written, file)
  const definitions = definitionsOf(module)
  if (definitions.length === 0)
    throw error('PLUGIN_EMPTY', { message: `Plug-in '${written}' exports no connector (${file}).` })
  for (const definition of definitions) {
    const { name, contract } = definition
    if (contract !== CONTRACT) {
      const message = `Plug-in '${written}' was made for contract ${contract}, and this version of cdc has contract ${CONTRACT}.`
      throw error('PLUGIN_CONTRACT', { message })
    }
    const taken = connectors.add(definition)
    if (taken === undefined) continue
    const message = `Plug-in '${written}' brings '${name}', and there is a ${definition.kind} of the name '${taken}' already.`
    throw error('PLUGIN_DUPLICATE', { message })
  }
}

async function importPlugin(written: string, file: string): Promise<object> {
  try {
    return (await import(pathToFileURL(file).href)) as object
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw error('PLUGIN_BROKEN', { message: `Plug-in '${written}' cannot be loaded: ${why}`, cause })
  }
}

function pathOf(written: string, directory: string): string {
  const path = resolve(directory, written)
  const found = [path, join(path, 'index.js'), join(path, 'dist', 'index.js')].find(isFile)
  if (found !== undefined) return found
  const entry = existsSync(join(path, 'package.json')) ? entryOf(join(path, 'package.json')) : undefined
  if (entry !== undefined) return entry
  throw error('PLUGIN_NOT_FOUND', { message: `Plug-in '${written}' is not there: no file ${path}.` })
}

function packageOf(written: string, directory: string): string {
  for (const from of [join(directory, 'pipeline.yaml'), import.meta.filename]) {
    const found = resolvePackage(written, from)
    if (found !== undefined) return found
  }
  const hint = `Run \`npm install ${written}\` in ${directory}. A path begins with ./ or /.`
  throw error('PLUGIN_NOT_FOUND', { message: `Plug-in '${written}' is not installed in ${directory} or above.`, hint })
}

function resolvePackage(name: string, from: string): string | undefined {
  const base = pathToFileURL(from)
  try {
    const manifest = findPackageJSON(name, base)
    if (manifest !== undefined) return entryOf(manifest) ?? createRequire(base).resolve(name)
  } catch {
    // not there: the caller says where it looked
  }
  return undefined
}

interface Manifest {
  readonly exports?: unknown
  readonly main?: string
}

/** The file that `import` of the package would load; `require.resolve` would not find packages for `import` only. */
function entryOf(manifest: string): string | undefined {
  const { exports, main } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest
  const root = isRecord(exports) && '.' in exports ? exports['.'] : exports
  const entry = conditional(root) ?? main ?? 'index.js'
  const file = join(dirname(manifest), entry)
  return isFile(file) ? file : undefined
}

function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (!isRecord(target)) return undefined
  for (const [condition, value] of Object.entries(target)) {
    const found = ['import', 'node', 'module-sync', 'default'].includes(condition) ? conditional(value) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isFile = (path: string) => existsSync(path) && statSync(path).isFile()
