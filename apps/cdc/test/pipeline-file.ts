import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CdcError } from '@cdc/core'
import { ConfigProblems, loadPipeline } from '../src/config/load.ts'
import type { PlacedProblem } from '../src/config/problem.ts'

/** Where fixtures are, for `plugins:`. */
export const fixtures = join(import.meta.dirname, 'fixtures')

/** A file of a pipeline in a directory of its own. */
export function pipelineFile(text: string, name = 'pipeline.yaml'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'cdc-cli-')), name)
  writeFileSync(file, text)
  return file
}

/** The mistakes that loading finds; empty when there is none. */
export async function mistakes(text: string, env: Record<string, string> = {}): Promise<readonly PlacedProblem[]> {
  try {
    await loadPipeline(pipelineFile(text), env)
    return []
  } catch (thrown) {
    if (CdcError.is(thrown) && thrown.cause instanceof ConfigProblems) return thrown.cause.problems
    throw thrown
  }
}

/** The same, each as `line:column CODE message | hint`. */
export async function told(text: string, env: Record<string, string> = {}): Promise<string[]> {
  const found = await mistakes(text, env)
  return found.map(
    ({ line, column, code, message, hint }) =>
      `${line}:${column} ${code} ${message}${hint === undefined ? '' : ` | ${hint}`}`,
  )
}

/** The code and the text of what loading a path throws. */
export async function refusal(path: string): Promise<string> {
  try {
    await loadPipeline(path, {})
    return 'loaded'
  } catch (thrown) {
    const { code, message, hint } = CdcError.from(thrown)
    return `${code} ${message} | ${hint}`
  }
}
