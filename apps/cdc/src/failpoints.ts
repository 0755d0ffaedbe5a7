import { appendFileSync } from 'node:fs'
import { armFailpoints } from '@cdc/core'
import { error } from './errors.ts'
import { failpointList } from './failpoint-list.ts'

type Action = 'kill' | 'error' | 'rewind' | 'hang' | 'freeze'

interface Armed {
  readonly action: Action
  /** Counts down to the visit at which it acts. */
  left: number
}

const shape = 'name:kill|error|rewind|hang|freeze[:nth]'

/**
 * Arms the failpoints that `CDC_FAILPOINTS` names, comma separated; writes the name of each that is reached for the
 * first time, armed or not, to the file that `CDC_FAILPOINTS_REACHED` names. Testing aids.
 */
export function armFromEnvironment({ CDC_FAILPOINTS: written, CDC_FAILPOINTS_REACHED: file }: NodeJS.ProcessEnv): void {
  const armed = parse(written ?? '')
  if (armed.size === 0 && !file) return
  const reached = new Set<string>()
  armFailpoints((name) => {
    if (file && !reached.has(name)) {
      reached.add(name)
      appendFileSync(file, `${name}\n`)
    }
    return visit(name, armed.get(name))
  })
}

function parse(written: string): Map<string, Armed> {
  const armed = new Map<string, Armed>()
  if (written.trim() === '') return armed
  const known = new Set(failpointList.map(([name]) => name))
  for (const part of written.split(',')) {
    const match = /^\s*(?<name>[\w.-]+):(?<action>kill|error|rewind|hang|freeze)(?::(?<nth>[1-9]\d*))?\s*$/.exec(part)
    if (match === null) throw error('INVALID_FAILPOINT', { message: `'${part}' is not ${shape}.` })
    const { name, action, nth } = match.groups as { name: string; action: Action; nth?: string }
    if (!known.has(name)) throw error('INVALID_FAILPOINT', { message: `There is no failpoint '${name}'.` })
    armed.set(name, { action, left: Number(nth ?? 1) })
  }
  return armed
}

function visit(name: string, armed: Armed | undefined): void | Promise<void> {
  if (armed === undefined || --armed.left !== 0) return
  const message = `Failpoint '${name}' was armed to fail.`
  if (armed.action === 'error') throw error('FAILPOINT', { message })
  if (armed.action === 'rewind') throw error('FAILPOINT_REWIND', { message })
  if (armed.action === 'hang') return new Promise(() => {})
  // until somebody sends SIGCONT: then it goes on from here
  if (armed.action === 'freeze') return void process.kill(process.pid, 'SIGSTOP')
  process.kill(process.pid, 'SIGKILL')
  // the signal is not delivered at once, and nothing may happen after it
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
