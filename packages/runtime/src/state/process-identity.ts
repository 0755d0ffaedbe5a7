import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** What tells a process from every other one, also from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Linux: when it was started, in clock ticks since the machine was. */
  readonly start?: string
  /** Linux: the id of the machine's present run. */
  readonly boot?: string
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  const start = statOf(process.pid)?.start
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim()
  return {
    pid: process.pid,
    host: hostname(),
    ...(start === undefined ? {} : { start }),
    ...(boot === undefined ? {} : { boot }),
  }
}

/**
 * Does that process still run? `unknown` when it is on another host, where nobody can look. A container that was
 * started again has often the same host name and the same pid, so the start time decides; where the system does not
 * tell it, a process with that pid counts as alive.
 */
export function liveness(other: ProcessIdentity, self: ProcessIdentity = thisProcess()): 'alive' | 'dead' | 'unknown' {
  if (other.host !== self.host) return 'unknown'
  if (other.boot !== undefined && self.boot !== undefined && other.boot !== self.boot) return 'dead'
  if (!exists(other.pid)) return 'dead'
  const stat = statOf(other.pid)
  if (stat === undefined) return 'alive'
  if (stat.state === 'Z' || stat.state === 'X') return 'dead'
  return other.start === undefined || other.start === stat.start ? 'alive' : 'dead'
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to somebody else
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** proc(5), /proc/pid/stat: fields 3 and 22. Field 2 may hold spaces and brackets, hence the last bracket. */
function statOf(pid: number): { state: string; start: string } | undefined {
  const text = readText(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, start: fields[19]! }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
