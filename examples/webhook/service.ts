import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type ConfiguredFormat, type Row, silentLogger, type Table, tableName } from '@cdc/core'
import { MemoryStore } from '@cdc/testkit'

/** A service as a webhook's user might have it: it applies the records that are posted to it. For tests. */
export class Service {
  readonly #server: Server
  readonly #store = new MemoryStore()
  /** Answered instead of 200, and nothing is applied. */
  status = 200
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve()
  readonly headers: (string | undefined)[] = []

  private constructor(tables: readonly Table[], configured: ConfiguredFormat) {
    const format = configured.create({ pipeline: 'service', role: 'value', logger: silentLogger, report() {} })
    this.#server = createServer(async (request, response) => {
      this.headers.push(request.headers.authorization)
      const lines = (await text(request)).trimEnd().split('\n')
      await this.gate
      if (this.status === 200)
        for (const line of lines) {
          const { table, key, value } = JSON.parse(line) as Record<string, string | null>
          const decoder = await format.decoder(tables.find((one) => tableName(one) === table))
          this.#store.commit('service', decoder.decode(bytes(key), bytes(value)))
        }
      response.writeHead(this.status).end('thank you')
    })
  }

  static async start(tables: readonly Table[], format: ConfiguredFormat): Promise<Service> {
    const service = new Service(tables, format)
    service.#server.listen(0, '127.0.0.1')
    await once(service.#server, 'listening')
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/changes`
  }

  rows(table: Table): readonly Row[] {
    return this.#store.rows(table)
  }

  dropConnections(): void {
    this.#server.closeAllConnections()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

const bytes = (part: string | null | undefined) => (typeof part === 'string' ? new TextEncoder().encode(part) : null)
