import { CdcError, type Sink } from '@cdc/core'
import { json } from '@cdc/json'
import {
  type FaultyProxy,
  type KafkaServer,
  type Link,
  type LinkEvent,
  startKafka,
  startProxy,
  type Watcher,
  waitFor,
  warmUp,
} from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCommitted } from '../../kafka-client/test/committed.ts'
import {
  batchOf,
  contextOf,
  fault as faultOf,
  insert,
  put,
  signal,
  tableOf,
} from '../../kafka-client/test/sink-feed.ts'
import { TopicLog } from '../../kafka-client/test/topic-log.ts'
import { kafka } from '../src/index.ts'

// What the network can do to the one request that decides a transaction: EndTxn. Everything that the clients say goes
// through the proxy, since the broker advertises the proxy's address.

/** https://kafka.apache.org/protocol#protocol_api_keys */
const endTxn = 26
const initProducerId = 22

type Act = (link: Link, piece: Buffer) => void

/** What happens to the next request of its kind: before it is sent on, or when its answer comes. */
interface Fault {
  /** Default: EndTxn. */
  readonly api?: number
  readonly when: 'request' | 'answer'
  readonly act: Act
}

let proxy: FaultyProxy
let server: KafkaServer
let fault: Fault | undefined
const faultsToCome: Fault[] = []
/** How often a fault struck. */
let struck = 0
/** Sends a request on that was held back; resolves when the broker has answered it. */
let sendHeld: (() => Promise<void>) | undefined

beforeAll(async () => {
  proxy = await startProxy({ host: '127.0.0.1', port: 1 })
  server = await startKafka({ settings: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` } })
  proxy.redirect({ host: '127.0.0.1', port: Number(server.bootstrapServers.split(':')[1]) })
  proxy.watch(watcher)
  // the ends of a connection that is held back live on
  proxy.remember(60_000)
  await warmUp(server.bootstrapServers)
}, 180_000)
afterAll(async () => {
  await server?.stop()
  await proxy?.close()
})

/** Sees the requests of one connection: a client sends one in one piece, and waits for its answer. */
function watcher(link: Link): Watcher {
  let due: Act | undefined
  const event = (act: Act, piece: Buffer): LinkEvent => {
    struck++
    fault = undefined
    return { after: 0, act: () => act(link, piece) }
  }
  return (direction, piece) => {
    // the next one is armed when the one before has struck
    fault ??= faultsToCome.shift()
    if (direction === 'down') {
      const act = due
      due = undefined
      return act === undefined ? undefined : event(act, piece)
    }
    if (fault === undefined || piece.length < 6 || piece.readInt16BE(4) !== (fault.api ?? endTxn)) return undefined
    if (fault.when === 'request') return event(fault.act, piece)
    due = fault.act
    return undefined
  }
}

/** Keeps the request until `sendHeld`, as a network does that is slow for one connection. */
function hold(link: Link, request: Buffer): void {
  link.swallow('up')
  sendHeld = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    link.watcher = (direction) => (direction === 'down' ? { after: 0, act: resolve } : undefined)
    link.server.write(request)
    return promise
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

    stored(): Promise<number[]> {
      return idsIn(this.topic)
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

test('a commit that comes late, after it was asked for again and the next transaction has begun, does not end that one', async () => {
  await using topics = await TopicLog.open(server.bootstrapServers)
  const topic = server.prefix('late')
  const first = await openThroughProxy(topic)
  await put(first, 'one', row(1))
  fault = { when: 'request', act: hold }
  await put(first, 'two', row(2))
  await first.write(batchOf([row(3)]), signal)
  await first.flush(undefined, signal)
  const partition = [{ topic, partition: 0 }]
  const admin = topics.client.admin()
  const end = async () => (await admin.offsets(partition, 'latest', 'read_uncommitted'))[0]!.offset
  // two records with the marker of each, and the third
  await waitFor(async () => (await end()) >= 5n, { timeout: 60_000, describe: 'the record of the open transaction' })
  await sendHeld!()
  await first.close()
  const next = await openThroughProxy(topic)
  expect(await next.position!()).toBe('two')
  await next.close()
  expect(await idsIn(topic)).toEqual([1, 2])
}, 120_000)

test('who was taken over while it asks for a new epoch gets none', async () => {
  const topic = server.prefix('taken')
  const first = await openThroughProxy(topic)
  await put(first, 'one', row(1))
  sendHeld = undefined
  fault = { when: 'request', act: (link) => link.reset() }
  faultsToCome.push({ api: initProducerId, when: 'request', act: hold })
  const committed = faultOf(put(first, 'two', row(2)))
  await waitFor(() => sendHeld !== undefined, { timeout: 60_000, interval: 5, describe: 'the request for a new epoch' })
  const second = await openThroughProxy(topic)
  expect(await committed).toMatch(/^KAFKA_PRODUCER_FENCED conflict: /)
  await first.close()
  expect(await second.position!()).toBe('two')
  await put(second, 'three', row(3))
  await second.close()
  expect(await idsIn(topic)).toEqual([1, 2, 3])
}, 120_000)

const row = (id: number) => insert(items, [id])

async function openThroughProxy(topic: string): Promise<Sink> {
  const sink = kafka({
    topic,
    format: json({}),
    'sink.key': 'none',
    'properties.bootstrap.servers': `127.0.0.1:${proxy.port}`,
    'properties.request.timeout.ms': 700,
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': topic,
    'sink.position-topic': `${topic}.position`,
  } as never).create(contextOf())
  await sink.open()
  return sink
}

/** What a read_committed reader that is another client sees. */
async function idsIn(topic: string): Promise<number[]> {
  const [records] = await readCommitted(server.bootstrapServers, topic)
  return records!.map(({ value }) => JSON.parse(String(value)).id as number)
}
