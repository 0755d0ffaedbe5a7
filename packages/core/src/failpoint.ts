/**
 * Named places where a test may kill, fail or hang the process. Off, a call is one comparison: no name is put
 * together, nothing is looked up. A program that wants them calls `armFailpoints`; nothing is read from the
 * environment here. Their list is in the app, which is the one that arms them.
 */
export type FailpointAction = (name: string) => void | Promise<void>

let armed: FailpointAction | undefined

/** Arms (or, with undefined, disarms) every failpoint of the process. For tests. */
export function armFailpoints(action: FailpointAction | undefined): void {
  armed = action
}

/**
 * A place that a test can name. Awaited: the action may never come back. `step` follows the name after a dot, where
 * one place serves several things (`failpoint(entry, 'rename')`).
 */
export function failpoint(name: string, step?: string): void | Promise<void> {
  if (armed !== undefined) return armed(step === undefined ? name : `${name}.${step}`)
}
