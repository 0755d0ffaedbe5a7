/**
 * A process of its own: outlives the process that started servers, and stops and removes those when that one ends,
 * however it ended. Started with a pipe as standard input, whose end is the news. Lines: `+folder`, `-folder`.
 */
import { createInterface } from 'node:readline'
import { clearServerFolder } from './leftovers.ts'

const folders = new Set<string>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('+')) folders.add(line.slice(1))
  else folders.delete(line.slice(1))
}
for (const folder of folders) await clearServerFolder(folder)
