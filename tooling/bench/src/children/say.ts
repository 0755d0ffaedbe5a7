import { memoryOf } from '../proc.ts'

/** One line of JSON to the process that started this one. */
export function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** The most memory that this process ever had. What `resourceUsage` has may be its parent's, from before `exec`. */
export function peakMemory(): number {
  return memoryOf('self', 'VmHWM') ?? process.resourceUsage().maxRSS * 1024
}

/** Microseconds since `before`. */
export function cpuSince(before?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}
