import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The workspace's root. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** What one run of tests has shown. `broken`: it has not come to its tests, so it says nothing about them. */
export type Verdict =
  | { readonly outcome: 'green' | 'red'; readonly by: string; readonly why?: string }
  | { readonly outcome: 'broken' }

/** A copy of the workspace in a temporary folder, so that a fault can never stay behind in the real one. */
export class Workspace {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Copies what git knows, with changes that are not committed, and installs the dependencies. */
  static async copy(): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), 'cdc-mutants-'))
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
    const { stdout } = await promisify(execFile)('git', list, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
    for (const file of stdout.split('\0').filter((name) => name !== '')) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      // a file that was removed and is not committed yet
      await cp(join(root, file), join(folder, file)).catch(ignoreMissing)
    }
    const workspace = new Workspace(folder)
    const install = ['-y', 'pnpm@10', 'install', '--frozen-lockfile', '--prefer-offline', '--silent']
    if ((await workspace.#run('npx', install)) !== 0)
      throw new Error(`Dependencies could not be installed in ${folder}.`)
    return workspace
  }

  read(file: string): Promise<string> {
    return readFile(join(this.#folder, file), 'utf8')
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.#folder, file), text)
  }

  /** Runs test files up to the first that fails. */
  async test(files: readonly string[], only?: string): Promise<Verdict> {
    const results = join(this.#folder, 'mutants-results.json')
    await rm(results, { force: true })
    const reporter = ['--reporter=json', `--outputFile=${results}`]
    const vitest = join(this.#folder, 'node_modules/.bin/vitest')
    const chosen: Record<string, string> = only === undefined ? {} : { CDC_FAULTS_ONLY: only }
    const code = await this.#run(vitest, ['run', '--bail=1', ...reporter, ...files], chosen)
    const report = await readFile(results, 'utf8').then((text) => JSON.parse(text) as Report, ignoreMissing)
    if (report === undefined) return { outcome: 'broken' }
    const failed = report.testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === 'failed')
    if (failed !== undefined) return { outcome: 'red', by: failed.fullName, why: failed.failureMessages.join('\n') }
    const fallen = report.testResults.find(({ status }) => status === 'failed')
    if (fallen !== undefined)
      return { outcome: 'red', by: `${fallen.name.slice(this.#folder.length + 1)} (a hook or the file itself)` }
    return code === 0 && report.numPassedTests > 0
      ? { outcome: 'green', by: `${report.numPassedTests} tests` }
      : { outcome: 'broken' }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #run(
    command: string,
    parameters: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const path = `${join(this.#folder, 'node_modules/.bin')}:${process.env.PATH}`
    const child = spawn(command, parameters, {
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', process.env.CDC_MUTANTS_VERBOSE === undefined ? 'ignore' : 'inherit'],
      env: { ...process.env, PATH: path, CI: 'true', ...environment },
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    return code ?? 1
  }
}

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly Assertion[]
  }[]
}

interface Assertion {
  readonly status: string
  readonly fullName: string
  readonly failureMessages: readonly string[]
}

function ignoreMissing(failure: unknown): undefined {
  if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure
  return undefined
}
