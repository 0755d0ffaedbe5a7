/**
 * Named places where a test may kill, fail or hang the process. Off, a call is one comparison. A program that wants
 * them calls `armFailpoints`; nothing is read from the environment here.
 */
export type FailpointAction = (name: string) => void | Promise<void>

let armed: FailpointAction | undefined

/** Arms (or, with undefined, disarms) every failpoint of the process. For tests. */
export function armFailpoints(action: FailpointAction | undefined): void {
  armed = action
}

/** A place that a test can name. Awaited: the action may never come back. */
export function failpoint(name: string): void | Promise<void> {
  if (armed !== undefined) return armed(name)
}
