import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How bytes of one direction pass. Changed while they flow. */
export interface Flow {
  /** Milliseconds that each piece waits. */
  delay: number
  /** Longest write in bytes; 0: as they came. */
  fragment: number
  /** Milliseconds during which pieces are gathered into one write; 0: none. */
  join: number
  /** Bytes a second; 0: no limit. */
  throttle: number
  /** Resolves when bytes may pass; undefined: now. */
  gate: Promise<void> | undefined
  /** Told how many bytes are about to pass; gives how many of them may, after which the connection is cut. */
  allow(bytes: number): number
  /** The connection is to end here. */
  cut(): void
}

/** What else happens to the bytes of one connection. */
export interface Own {
  /** Does whatever comes vanish? */
  swallows(): boolean
  /** Shown each piece before it passes: where in it something is to happen, and what. */
  look(piece: Buffer): { readonly after: number; readonly act: () => void } | undefined
  /** Its sender has ended. */
  ended(): void
}

/** Moves bytes from one socket to the other as `flow` says, with back-pressure, until either ends. */
export async function pipe(from: Socket, to: Socket, flow: Flow, own: Own): Promise<void> {
  const pieces = from.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const ask = () => {
    const asked = pieces.next()
    // a connection may break while the piece before is on its way: it shows where `asked` is awaited
    asked.catch(() => {})
    return asked
  }
  let next = ask()
  for (;;) {
    const piece = await next
    if (piece.done === true) break
    const parts = [piece.value]
    next = ask()
    const until = Date.now() + flow.join
    while (flow.join > 0) {
      const more = await Promise.race([next, sleep(Math.max(0, until - Date.now()))])
      if (more === undefined || more.done === true) break
      parts.push(more.value)
      next = ask()
    }
    if (!(await passAll(Buffer.concat(parts), to, flow, own))) return
  }
  own.ended()
}

async function passAll(piece: Buffer, to: Socket, flow: Flow, own: Own): Promise<boolean> {
  if (own.swallows()) return true
  const found = own.look(piece)
  if (found === undefined) return pass(piece, to, flow)
  const before = piece.subarray(0, found.after)
  if (before.length > 0 && !(await pass(before, to, flow))) return false
  found.act()
  const rest = piece.subarray(found.after)
  return rest.length === 0 || own.swallows() || pass(rest, to, flow)
}

async function pass(bytes: Buffer, to: Socket, flow: Flow): Promise<boolean> {
  if (flow.delay > 0) await sleep(flow.delay)
  if (flow.gate !== undefined) await flow.gate
  const allowed = flow.allow(bytes.length)
  const piece = bytes.subarray(0, allowed)
  const size = flow.fragment > 0 ? flow.fragment : piece.length
  for (let at = 0; at < piece.length; at += size) {
    if (flow.gate !== undefined) await flow.gate
    const part = piece.subarray(at, at + size)
    await write(part, to)
    if (flow.throttle > 0) await sleep((part.length / flow.throttle) * 1000)
    // each fragment becomes a packet: TCP_NODELAY, and a turn of the event loop between two
    else if (flow.fragment > 0) await new Promise(setImmediate)
  }
  if (allowed === bytes.length) return true
  flow.cut()
  return false
}

function write(part: Buffer, to: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    to.write(part, (error) => (error == null ? resolve() : reject(error)))
  })
}
