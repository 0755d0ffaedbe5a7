import { execFile } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A publishable package of the workspace. */
export interface Package {
  readonly name: string
  readonly version: string
  readonly folder: string
  /** Command names. */
  readonly bin: readonly string[]
}

export interface Packed extends Package {
  readonly tarball: string
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly bin?: string | Readonly<Record<string, string>>
}

/** Every package and app that is not private. */
export function publishable(root: string): Package[] {
  return globSync('{packages,apps}/*/package.json', { cwd: root })
    .sort()
    .flatMap((file) => {
      const { name, version, private: hidden, bin } = readJson<Manifest>(join(root, file))
      if (hidden === true) return []
      const commands = bin === undefined ? [] : typeof bin === 'string' ? [name.split('/').at(-1)!] : Object.keys(bin)
      return [{ name, version, folder: join(root, dirname(file)), bin: commands }]
    })
}

/** Packs into `folder`. `pnpm pack` writes real versions for `workspace:` and `catalog:`. The packages must be built. */
export async function pack(packages: readonly Package[], folder: string): Promise<Packed[]> {
  mkdirSync(folder, { recursive: true })
  return Promise.all(
    packages.map(async (one) => {
      const { stdout } = await pnpm(['pack', '--json', '--pack-destination', folder], one.folder)
      return { ...one, tarball: (JSON.parse(stdout) as { filename: string }).filename }
    }),
  )
}

/** Installs the tarballs with plain npm into an empty project. What they need of each other comes from them as well. */
export async function installPacked(packed: readonly Packed[], project: string): Promise<void> {
  mkdirSync(project, { recursive: true })
  const dependencies = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]))
  const overrides = Object.fromEntries(packed.map(({ name }) => [name, `$${name}`]))
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'trial', private: true, type: 'module', dependencies, overrides }, undefined, 2),
  )
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], project)
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

/** A command's output. Throws with what it said when it fails. */
export async function run(command: string, parameters: readonly string[], folder: string): Promise<{ stdout: string }> {
  try {
    return await execute(command, parameters, {
      cwd: folder,
      maxBuffer: 1 << 26,
      env: cleanEnvironment(),
      shell: process.platform === 'win32',
    })
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${parameters.join(' ')} failed in ${folder}:\n${stdout}${stderr}`, { cause })
  }
}

/** The pnpm that runs this, else the one that npx brings. turbo looks for it on the PATH, so it is started through it. */
export function pnpm(parameters: readonly string[], folder: string): Promise<{ stdout: string }> {
  const own = process.env.npm_execpath
  if (own !== undefined && /pnpm[^/\\]*$/.test(own)) return run(process.execPath, [own, ...parameters], folder)
  return run('npx', ['-y', 'pnpm@10', ...parameters], folder)
}

/** What pnpm tells its scripts through the environment is no setting for npm. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_config_(?!registry|cache|.*proxy|.*cafile)|npm_package_|NODE_OPTIONS$)/i.test(name),
    ),
  )
}
