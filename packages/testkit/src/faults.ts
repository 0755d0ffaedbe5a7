import { setTimeout as wait } from 'node:timers/promises'
import { CdcError, type ErrorKind } from '@cdc/core'

/** The calls at which a fault can be put. `read` is the handing over of one batch. */
export type FaultPlace = 'open' | 'read' | 'position' | 'write' | 'flush' | 'acknowledge' | 'close'

export interface FaultSpec {
  readonly at: FaultPlace
  /** Which of the calls from now on: 1 (the default) is the next. Counted over all instances. */
  readonly nth?: number
  /** Fails with an error of this kind (code `TESTKIT_FAULT`), or with this very error. */
  readonly throws?: ErrorKind | Error
  /** Does what was asked first, then fails: an unknown outcome, as of a COMMIT whose answer is lost. */
  readonly after?: boolean
  /** Waits so many milliseconds first. */
  readonly delay?: number
  /** Waits until `release()` is called; `deaf` also when the signal aborts meanwhile. */
  readonly hang?: boolean | 'deaf'
}

/** A fault that was put in the queue. */
export interface Fault {
  /** Resolves when a call has run into it. */
  readonly reached: Promise<void>
  /** Lets a hanging call go on. */
  release(): void
}

interface Armed extends FaultSpec {
  left: number
  readonly hit: () => void
  readonly gate: Promise<void>
}

/** Faults that wait for their call. Each happens once. One queue may serve a source and several sinks. */
export class Faults {
  readonly #armed: Armed[] = []

  /** Puts one in. */
  add(spec: FaultSpec): Fault {
    const reached = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    this.#armed.push({ ...spec, left: spec.nth ?? 1, hit: reached.resolve, gate: gate.promise })
    return { reached: reached.promise, release: gate.resolve }
  }

  /** Takes out what has not happened. Says how many. */
  clear(): number {
    return this.#armed.splice(0).length
  }

  /**
   * Called by the memory source and sink around each call: `act` is the call itself. Runs the faults that are due,
   * in the order in which they were put in.
   */
  async around<T>(at: FaultPlace, act: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const due = this.#due(at)
    let late: unknown
    for (const fault of due) {
      fault.hit()
      if (fault.delay !== undefined) await wait(fault.delay)
      if (fault.hang === 'deaf') await fault.gate
      else if (fault.hang) await orAborted(fault.gate, signal)
      if (fault.throws === undefined) continue
      if (!fault.after) throw failure(fault.throws, at)
      late ??= failure(fault.throws, at)
    }
    const result = await act()
    if (late !== undefined) throw late
    return result
  }

  #due(at: FaultPlace): Armed[] {
    const due: Armed[] = []
    for (let i = 0; i < this.#armed.length; i++) {
      const fault = this.#armed[i]!
      if (fault.at !== at || --fault.left > 0) continue
      due.push(fault)
      this.#armed.splice(i--, 1)
    }
    return due
  }
}

function failure(throws: ErrorKind | Error, at: FaultPlace): Error {
  if (typeof throws !== 'string') return throws
  return new CdcError({ code: 'TESTKIT_FAULT', kind: throws, message: `The test asked for a failure of ${at}.` })
}

async function orAborted(gate: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return gate
  const aborted = Promise.withResolvers<void>()
  const stop = () => aborted.resolve()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  await Promise.race([gate, aborted.promise])
  signal.removeEventListener('abort', stop)
}
