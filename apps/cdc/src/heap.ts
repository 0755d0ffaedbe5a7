/**
 * How V8 is to keep the heap of a pipeline. Its young generation may grow to 32 MB a half by default, and the old one
 * to several times what is alive before anybody looks; rows live for milliseconds, so neither is of use. Measured: a
 * snapshot peaks at 150 MB instead of 280, and costs no more.
 */
export const heapFlags: Readonly<Record<string, string>> = {
  '--max-semi-space-size': '16',
  '--heap-growing-percent': '50',
}

interface Restartable {
  readonly execArgv: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** The flags that are still to be given: what the user has set himself, in NODE_OPTIONS or before the script, stays. */
export function missingFlags({ execArgv, env }: Restartable): string[] {
  const given = [...execArgv, ...(env.NODE_OPTIONS ?? '').split(/\s+/)].map((flag) =>
    flag.split('=')[0]!.replaceAll('_', '-'),
  )
  if (given.some((name) => name === '--max-semi-space-size' || name === '--max-heap-size')) return []
  return Object.entries(heapFlags)
    .filter(([name]) => !given.includes(name))
    .map(([name, value]) => `${name}=${value}`)
}

/**
 * Replaces this process by the same command with `heapFlags`, which V8 takes only at its start: same process id, same
 * arguments. Returns where that is not needed, or cannot be done (Windows, a Node without `process.execve`, a process
 * that talks to its parent over IPC): the pipeline runs as well, with more memory.
 */
export function restartWithHeapFlags(): void {
  const flags = missingFlags(process)
  const { execve } = process as { execve?: typeof process.execve }
  if (flags.length === 0 || execve === undefined || process.platform === 'win32' || process.channel) return
  const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)]
  try {
    execve.call(process, process.execPath, args, process.env)
  } catch {
    // not permitted here
  }
}
