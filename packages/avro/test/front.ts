import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'

/** What stands before a registry: a load balancer that is ill now and then, or one that ends TLS. */
export class Front implements AsyncDisposable {
  readonly url: string
  /** Statuses that the next requests are answered with, instead of being handed on. */
  readonly next: number[] = []
  /** Paths of requests, and the headers of the last. */
  readonly asked: string[] = []
  headers: IncomingMessage['headers'] = {}
  readonly #server: Server

  private constructor(server: Server, url: string) {
    this.#server = server
    this.url = url
  }

  /** `port`: where it was before, or 0 for a free one. */
  static async open(target: string, tls?: TlsOptions, port = 0): Promise<Front> {
    const handle = (incoming: IncomingMessage, answer: ServerResponse) => front.#handle(target, incoming, answer)
    const server = tls === undefined ? createServer(handle) : createSecure(tls, handle)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const { port: taken } = server.address() as AddressInfo
    const { pathname } = new URL(target)
    const front: Front = new Front(server, `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${taken}${pathname}`)
    return front
  }

  #handle(target: string, incoming: IncomingMessage, answer: ServerResponse): void {
    this.asked.push(`${incoming.method} ${incoming.url}`)
    this.headers = incoming.headers
    const status = this.next.shift()
    if (status !== undefined) {
      answer.writeHead(status).end('the balancer has words of its own')
      return
    }
    const { method, headers, url } = incoming
    const onward = request(new URL(url!, target), {
      method: method!,
      headers: { ...headers, host: new URL(target).host },
    })
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode!, response.headers)
      response.pipe(answer)
    })
    incoming.pipe(onward)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
