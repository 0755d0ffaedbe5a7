import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The workspace's root. */
export const root = new URL('../../../', import.meta.url)

/** Runs a program of the workspace (node_modules/.bin is on the PATH of scripts) and gives its exit code. */
export async function run(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const child = spawn(command, parameters, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...environment },
    shell: process.platform === 'win32',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
