import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** What `child.ts` is told. */
export interface Job {
  readonly folder: string
  readonly rows: number
  readonly sink: Readonly<Record<string, unknown>>
  /** Kills itself when it comes there for the nth time. */
  readonly failpoint?: { readonly name: string; readonly nth: number }
}

export interface Child {
  readonly process: ChildProcess
  /** How it ended, and what it wrote: `done`, or an error as `CODE|kind|message`. */
  readonly ended: Promise<{ readonly signal: NodeJS.Signals | null; readonly said: string }>
}

/** Runs a pipeline in a process of its own. */
export function startChild(job: Job): Child {
  const args = ['--conditions=cdc-source', '--no-warnings', `${import.meta.dirname}/child.ts`, JSON.stringify(job)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = text(child.stdout!)
  const ended = once(child, 'exit').then(async ([, signal]) => ({ signal, said: (await said).trim() }))
  return { process: child, ended }
}
