import { readFileSync } from 'node:fs'

// Linux only, and there a tick is 10 ms for every program: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
const microsecondsPerTick = 10_000

/** Numbers of /proc/PID/stat after the command's name, so the first is field 3. undefined: no such process or no /proc. */
function fields(pid: number | 'self'): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** CPU time of a process so far, user and system, in microseconds. */
export function cpuOf(pid: number): number | undefined {
  const all = fields(pid)
  return all && (Number(all[11]) + Number(all[12])) * microsecondsPerTick
}

/** CPU time of all processes that ended as children of this one (and as children of those). */
export function cpuOfEndedChildren(): number | undefined {
  const all = fields('self')
  return all && (Number(all[13]) + Number(all[14])) * microsecondsPerTick
}

/** Memory of a process in bytes: now (`VmRSS`) or the most that it ever had since its program began (`VmHWM`). */
export function memoryOf(pid: number | 'self', which: 'VmRSS' | 'VmHWM'): number | undefined {
  const line = read(`/proc/${pid}/status`)?.match(new RegExp(`^${which}:\\s+(\\d+) kB`, 'm'))
  return line ? Number(line[1]) * 1024 : undefined
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
