import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Direction, directions, Link, type Watcher } from './link.ts'
import { type Flow, pipe } from './pipe.ts'

export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

/** Starts a TCP proxy on a free port of 127.0.0.1 that can misbehave. At first it passes everything as it is. */
export async function startProxy(target: ProxyTarget): Promise<FaultyProxy> {
  const server = createServer({ noDelay: true, allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new FaultyProxy(server, target)
}

/** Faults act on open connections and on later ones, in the directions named (both where none is). */
export class FaultyProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #flows: Record<Direction, Flow>
  readonly #open: Partial<Record<Direction, () => void>> = {}
  readonly #passed: Record<Direction, number> = { up: 0, down: 0 }
  #target: ProxyTarget
  #refusing = false
  #swallowing = false
  #watch: ((link: Link) => Watcher | undefined) | undefined
  #memory = 1000
  #connections = 0

  constructor(server: Server, target: ProxyTarget) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as { port: number }).port
    this.#flows = { up: this.#flow('up'), down: this.#flow('down') }
    server.on('connection', (client) => this.#connect(client))
  }

  /** Connections taken so far. */
  get connections(): number {
    return this.#connections
  }
  /** Connections open now. */
  get open(): number {
    return this.#links.size
  }
  /** Bytes that went through so far, over all connections. */
  passed(direction: Direction): number {
    return this.#passed[direction]
  }

  /** Writes of at most `bytes` each, every one a packet of its own. 0: as they come. */
  fragment(bytes: number, direction?: Direction): void {
    this.#set(direction, (flow) => {
      flow.fragment = bytes
    })
  }
  /** Gathers what comes within so many milliseconds into one write. 0: none. */
  join(milliseconds: number, direction?: Direction): void {
    this.#set(direction, (flow) => {
      flow.join = milliseconds
    })
  }
  /** Every piece waits so long. 0: none. */
  delay(milliseconds: number, direction?: Direction): void {
    this.#set(direction, (flow) => {
      flow.delay = milliseconds
    })
  }
  /** Bytes a second and direction. 0: no limit. */
  throttle(bytesPerSecond: number, direction?: Direction): void {
    this.#set(direction, (flow) => {
      flow.throttle = bytesPerSecond
    })
  }
  /** Holds back what comes, with the connection kept open: the other side sees silence. */
  stall(direction?: Direction): void {
    for (const one of direction === undefined ? directions : [direction]) {
      if (this.#open[one] !== undefined) continue
      this.#flows[one].gate = new Promise((resolve) => {
        this.#open[one] = resolve
      })
    }
  }
  /**
   * Ends `stall`, `refuse`, `fragment`, `join`, `delay`, `throttle`, `swallow` (connections that it struck stay dead)
   * and a `cutAfter` that is still to come.
   */
  resume(): void {
    this.#refusing = false
    this.#swallowing = false
    for (const direction of directions) {
      Object.assign(this.#flows[direction], this.#flow(direction))
      this.#open[direction]?.()
      delete this.#open[direction]
    }
  }
  /**
   * Lets so many more bytes pass in a direction (default down), then resets every connection, in the middle of a
   * message if it falls so. Happens once.
   */
  cutAfter(bytes: number, direction: Direction = 'down'): void {
    let left = bytes
    this.#flows[direction].allow = (count) => {
      const allowed = Math.min(count, left)
      left -= allowed
      this.#passed[direction] += allowed
      return allowed
    }
  }
  /** Ends all connections with RST; new ones are taken. */
  reset(): void {
    for (const link of this.#links) link.reset()
  }
  /** Ends all connections with FIN, as an orderly shutdown does; new ones are taken. */
  finish(): void {
    for (const link of this.#links) link.finish()
  }
  /** Resets new connections at once, until `resume`: a server that is down behind a balancer. */
  refuse(): void {
    this.#refusing = true
  }
  /** All that is sent vanishes, on open connections and on new ones, which are taken and say nothing: until `resume`. */
  swallow(): void {
    this.#swallowing = true
    for (const link of this.#links) link.swallow()
  }
  /** How many milliseconds the server's end outlives the client's where bytes vanish between them. Default 1000. */
  remember(milliseconds: number): void {
    this.#memory = milliseconds
  }
  /** Shows every new connection; what is given then sees its bytes and can act in the middle of them. */
  watch(watch: (link: Link) => Watcher | undefined): void {
    this.#watch = watch
  }
  /** New connections go to another server from here on. */
  redirect(target: ProxyTarget): void {
    this.#target = target
  }
  /** Resets everything and stops listening. */
  async close(): Promise<void> {
    this.resume()
    this.reset()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #set(direction: Direction | undefined, change: (flow: Flow) => void): void {
    for (const one of direction === undefined ? directions : [direction]) change(this.#flows[one])
  }

  #flow(direction: Direction): Flow {
    const count = (bytes: number) => {
      this.#passed[direction] += bytes
      return bytes
    }
    const cut = () => {
      this.#flows[direction].allow = count
      this.reset()
    }
    return { delay: 0, fragment: 0, join: 0, throttle: 0, gate: undefined, allow: count, cut }
  }

  #connect(client: Socket): void {
    this.#connections++
    if (this.#refusing) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ ...this.#target, noDelay: true, allowHalfOpen: true })
    const link = new Link(this.#connections, client, server, () => this.#memory)
    this.#links.add(link)
    if (this.#swallowing) link.swallow()
    link.watcher = this.#watch?.(link)
    for (const [socket, direction] of [[client, 'up'] as const, [server, 'down'] as const]) {
      socket.on('error', () => link.broken(direction))
      socket.on('close', () => {
        if (client.closed && server.closed) this.#links.delete(link)
      })
    }
    pipe(client, server, this.#flows.up, link.own('up')).catch(() => link.broken('up'))
    pipe(server, client, this.#flows.down, link.own('down')).catch(() => link.broken('down'))
  }
}
