import { armFailpoints } from '@cdc/core'
import { error } from './errors.ts'

interface Armed {
  readonly action: 'kill' | 'error' | 'hang'
  /** Counts down to the visit at which it acts. */
  left: number
}

/** Arms the failpoints that `CDC_FAILPOINTS` names: `name:kill|error|hang[:nth]`, comma separated. A testing aid. */
export function armFromEnvironment(written: string | undefined): void {
  if (written === undefined || written.trim() === '') return
  const armed = new Map<string, Armed>()
  for (const part of written.split(',')) {
    const match = /^\s*(?<name>[\w.-]+):(?<action>kill|error|hang)(?::(?<nth>[1-9]\d*))?\s*$/.exec(part)
    if (match === null) throw error('INVALID_FAILPOINT', { message: `'${part}' is not name:kill|error|hang[:nth].` })
    const { name, action, nth } = match.groups as { name: string; action: Armed['action']; nth?: string }
    armed.set(name, { action, left: Number(nth ?? 1) })
  }
  armFailpoints((name) => visit(name, armed.get(name)))
}

function visit(name: string, armed: Armed | undefined): void | Promise<void> {
  if (armed === undefined || --armed.left !== 0) return
  if (armed.action === 'error') throw error('FAILPOINT', { message: `Failpoint '${name}' was armed to fail.` })
  if (armed.action === 'hang') return new Promise(() => {})
  process.kill(process.pid, 'SIGKILL')
  // the signal is not delivered at once, and nothing may happen after it
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
