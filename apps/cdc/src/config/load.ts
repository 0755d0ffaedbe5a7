import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import { CdcError, nearest } from '@cdc/core'
import { error } from '../errors.ts'
import { nearName, readDocument } from './document.ts'
import { FaultList } from './fault-list.ts'
import { interpolate } from './interpolate.ts'
import { parseYaml } from './parse-yaml.ts'
import { type PlacedProblem, type Problem, placeProblems, type Spot } from './problem.ts'
import { type LoadedPipeline, resolvePipeline } from './resolve.ts'

const largestFile = 1_048_576

/** Every mistake of one file: the `cause` of the error that `loadPipeline` throws. */
export class ConfigProblems {
  readonly file: string
  readonly problems: readonly PlacedProblem[]

  constructor(file: string, problems: readonly PlacedProblem[]) {
    this.file = file
    this.problems = problems
  }
}

/**
 * Reads the file of a pipeline and configures its connectors; opens no connection. Throws one `config` error that
 * lists every mistake. `env`: where `${env:NAME}` looks.
 */
export async function loadPipeline(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedPipeline> {
  const text = readText(path)
  const directory = path === '-' ? process.cwd() : dirname(resolve(path))
  const faults = new FaultList()
  const { tree, problems } = parseYaml(text)
  faults.problems.push(...problems)
  if (tree === undefined) {
    if (problems.length === 0) faults.add('INVALID_VALUE', { start: 0, end: 1 }, 'The file is empty.', minimal)
    throw report(path, text, faults, [])
  }
  const replaced = interpolate(tree, { env, directory })
  faults.problems.push(...replaced.problems)
  const document = readDocument(replaced.tree, faults, nearName(basename(path, extname(path))) ?? 'shop')
  const { loaded, secretSpots } = await resolvePipeline(document, { path, directory, faults })
  if (loaded === undefined || faults.problems.length > 0)
    throw report(path, text, faults, notReferences(secretSpots, text))
  return loaded
}

/** The plug-ins that a file names, as far as it can be read: other mistakes are left for `loadPipeline`. */
export function pluginsOf(path: string, env: Readonly<Record<string, string | undefined>>): string[] {
  const { tree } = parseYaml(readText(path))
  if (tree === undefined) return []
  const directory = path === '-' ? process.cwd() : dirname(resolve(path))
  const { plugins } = readDocument(interpolate(tree, { env, directory }).tree, new FaultList(), 'shop')
  return plugins.map(({ text }) => text)
}

const minimal = 'A small one: {name: demo, source: {connector: datagen}, sink: {connector: print}}'

const unread: readonly string[] = ['INVALID_YAML', 'ALIAS_LIMIT', 'ENV_MISSING', 'FILE_MISSING', 'INVALID_REFERENCE']

/** Where a value could not be made out, nothing else can be said of it. */
function withoutFollowers(problems: readonly Problem[]): Problem[] {
  const broken = new Set(problems.filter(({ code }) => unread.includes(code)).map(({ spot }) => spot.start))
  return problems.filter(({ code, spot }) => unread.includes(code) || !broken.has(spot.start))
}

/** A secret that is written as `${env:...}` need not be hidden. */
function notReferences(spots: readonly Spot[], text: string): Spot[] {
  return spots.filter(({ start, end }) => !/^['"]?\$\{[^}]*\}['"]?$/.test(text.slice(start, end)))
}

function report(path: string, text: string, faults: FaultList, hidden: readonly Spot[]): CdcError {
  const file = path === '-' ? '(standard input)' : path
  const placed = placeProblems(text, withoutFollowers(faults.problems), hidden)
  const [first] = placed
  const count = placed.length === 1 ? 'a mistake' : `${placed.length} mistakes`
  return new CdcError({
    code: placed.length === 1 ? first!.code : 'INVALID_CONFIG',
    kind: 'config',
    message: `${file} has ${count}.`,
    where: { file, ...(placed.length === 1 ? { line: first!.line } : {}) },
    cause: new ConfigProblems(file, placed),
  })
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path === '-' ? 0 : path)
    if (bytes.length > largestFile)
      throw error('CONFIG_UNREADABLE', { message: `${path} has ${bytes.length} bytes; at most 1 MB is read.` })
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    if (CdcError.is(cause)) throw cause
    throw unreadable(path, (cause as NodeJS.ErrnoException).code ?? '')
  }
}

function unreadable(path: string, errno: string): CdcError {
  if (errno === 'ENOENT') {
    const hint = neighbour(path)
    return error('CONFIG_NOT_FOUND', { message: `There is no file ${resolve(path)}.`, ...(hint && { hint }) })
  }
  const why =
    errno === 'EISDIR' || isDirectory(path)
      ? 'is a directory'
      : errno === 'EACCES'
        ? 'may not be read by this user'
        : errno === 'ERR_ENCODING_INVALID_ENCODED_DATA'
          ? 'is not UTF-8 text'
          : `cannot be read (${errno})`
  return error('CONFIG_UNREADABLE', { message: `${path} ${why}.` })
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** A file beside it that was probably meant. */
function neighbour(path: string): string | undefined {
  try {
    const files = readdirSync(dirname(resolve(path))).filter((name) => /\.ya?ml$/.test(name))
    const near = nearest(basename(path), files)
    if (near !== undefined) return `Did you mean ${near}?`
    return files.length === 0 ? undefined : `The directory has ${files.slice(0, 5).join(', ')}.`
  } catch {
    return undefined
  }
}
