import { CdcError, type Sink } from '@cdc/core'
import { json } from '@cdc/json'
import {
  type FaultyProxy,
  type KafkaServer,
  type LinkEvent,
  startKafka,
  startProxy,
  type Watcher,
  warmUp,
} from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCommitted } from '../../kafka-client/test/committed.ts'
import { contextOf, insert, put, tableOf } from '../../kafka-client/test/sink-feed.ts'
import { kafka } from '../src/index.ts'

// What the network can do to the one request that decides a transaction: EndTxn. Everything that the clients say goes
// through the proxy, since the broker advertises the proxy's address.

/** https://kafka.apache.org/protocol#protocol_api_keys */
const endTxn = 26

type Act = (link: {
  reset(): void
  finish(direction?: 'up' | 'down'): void
  swallow(direction?: 'up' | 'down'): void
}) => void

/** What happens to the next EndTxn: before it is sent on, or when its answer comes. */
interface Fault {
  readonly when: 'request' | 'answer'
  readonly act: Act
}

let proxy: FaultyProxy
let server: KafkaServer
let fault: Fault | undefined
/** How often a fault struck. */
let struck = 0

beforeAll(async () => {
  proxy = await startProxy({ host: '127.0.0.1', port: 1 })
  server = await startKafka({ settings: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` } })
  proxy.redirect({ host: '127.0.0.1', port: Number(server.bootstrapServers.split(':')[1]) })
  proxy.watch((link) => watcher((one) => one(link)))
  await warmUp(server.bootstrapServers)
}, 180_000)
afterAll(async () => {
  await server?.stop()
  await proxy?.close()
})

/** Sees the requests of one connection: a client sends one in one piece, and waits for its answer. */
function watcher(strike: (act: Act) => void): Watcher {
  let due: Act | undefined
  const event = (act: Act): LinkEvent => {
    struck++
    fault = undefined
    return { after: 0, act: () => strike(act) }
  }
  return (direction, piece) => {
    if (direction === 'down') {
      const act = due
      due = undefined
      return act === undefined ? undefined : event(act)
    }
    if (fault === undefined || piece.length < 6 || piece.readInt16BE(4) !== endTxn) return undefined
    if (fault.when === 'request') return event(fault.act)
    due = fault.act
    return undefined
  }
}

const items = tableOf('items', ['id'])
const faults: readonly [name: string, fault: Fault][] = [
  ['the request is lost with the connection', { when: 'request', act: (link) => link.reset() }],
  ['the request vanishes', { when: 'request', act: (link) => link.swallow() }],
  ['the answer is lost with the connection', { when: 'answer', act: (link) => link.reset() }],
  ['the connection ends before the answer', { when: 'answer', act: (link) => link.finish() }],
  ['the answer vanishes', { when: 'answer', act: (link) => link.swallow() }],
]

describe.each(['platformatic', 'kafkajs'] as const)('exactly once over %s, when a commit is cut', (client) => {
  /** A pipeline's life after life: what is not known to be written is asked for and, where it is not there, written again. */
  class Lives {
    readonly topic: string
    readonly #timeout: number
    #sink: Sink | undefined
    lives = 0

    constructor(topic: string, timeout: number) {
      this.topic = topic
      this.#timeout = timeout
    }

    async deliver(id: number): Promise<void> {
      for (;;) {
        try {
          if (this.#sink === undefined && (await this.#open()) === `at ${id}`) return
          await put(this.#sink!, `at ${id}`, insert(items, [id]), insert(items, [-id]))
          return
        } catch (failure) {
          const { kind } = CdcError.from(failure)
          if (kind !== 'connection' && kind !== 'rewind') throw failure
          await this.close()
        }
      }
    }

    async #open(): Promise<string | undefined> {
      this.lives++
      this.#sink = kafka({
        topic: this.topic,
        client,
        format: json({}),
        'properties.bootstrap.servers': `127.0.0.1:${proxy.port}`,
        'properties.request.timeout.ms': 700,
        'properties.default.api.timeout.ms': this.#timeout,
        'sink.delivery-guarantee': 'exactly-once',
        'sink.transactional-id-prefix': this.topic,
        'sink.position-topic': `${this.topic}.position`,
      } as never).create(contextOf())
      await this.#sink.open()
      return this.#sink.position!()
    }

    async close(): Promise<void> {
      await this.#sink?.close().catch(() => undefined)
      this.#sink = undefined
    }

    async stored(): Promise<number[]> {
      const [records] = await readCommitted(server.bootstrapServers, this.topic)
      return records!.map(({ value }) => JSON.parse(String(value)).id as number)
    }
  }

  test('each of them is decided once: the same process asks again, or the next one does', async () => {
    const patient = new Lives(server.prefix('cut'), 20_000)
    const expected: number[] = []
    struck = 0
    let id = 0
    for (const [, next] of faults) {
      for (const one of [undefined, next]) {
        fault = one
        await patient.deliver(++id)
        expected.push(id, -id)
      }
    }
    await patient.close()
    expect(struck).toBe(faults.length)
    expect(await patient.stored()).toEqual(expected)
  }, 120_000)

  test('a process that gives up leaves it to the next, which finds out whether it was decided', async () => {
    const hasty = new Lives(server.prefix('cut'), 600)
    const expected: number[] = []
    struck = 0
    let id = 0
    for (const [, next] of faults) {
      fault = next
      await hasty.deliver(++id)
      expected.push(id, -id)
    }
    await hasty.close()
    expect(struck).toBe(faults.length)
    expect(hasty.lives).toBeGreaterThan(1)
    expect(await hasty.stored()).toEqual(expected)
  }, 120_000)
})
