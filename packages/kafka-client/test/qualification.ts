import { type KafkaConnection, type KafkaServer, sharedKafka, startKafka, warmUp } from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaAdapter, type KafkaClient, openKafkaClient, recordAtFault } from '../src/index.ts'
import { codecNames } from '../src/records/codecs.ts'
import { readWithOther } from './other-client.ts'
import { expectedByKey, failureOf, numbered, readAll, valuesByKey } from './reading.ts'

/** Full length with CDC_TEST_KAFKA_LONG=1: a leader that is frozen for 45 s under the timeouts of the Java client. */
const long = process.env.CDC_TEST_KAFKA_LONG === '1'

/** What a client has to do before a connector is built on it. One suite for all adapters. */
export function qualify(adapter: KafkaAdapter): void {
  let kafka: KafkaConnection
  let client: KafkaClient
  let prefix: string

  const open = (properties: Readonly<Record<string, string>> = {}, at: KafkaConnection = kafka) =>
    openKafkaClient({ 'bootstrap.servers': at.bootstrapServers, 'fetch.max.wait.ms': '100', ...properties }, adapter)

  const makeTopic = async (name: string, partitions = 1, config: Record<string, string> = {}) => {
    const topic = `${prefix}-${name}`
    await client.admin().createTopics([{ topic, partitions, config }])
    return topic
  }

  beforeAll(async () => {
    kafka = await sharedKafka()
    prefix = kafka.prefix(adapter)
    client = await open()
  })

  afterAll(() => client.close())

  describe('records', () => {
    test('a hundred thousand concurrent sends all arrive, once, in the order of the calls', async () => {
      const topic = await makeTopic('concurrent', 3)
      await using producer = client.producer()
      const records = numbered(topic, 0, 100_000)
      const acknowledged = await Promise.all(records.map((record) => producer.send([record])))
      const offsets = new Set(acknowledged.flat().map(({ partition, baseOffset }) => `${partition} ${baseOffset}`))
      expect(offsets.size).toBe(100_000)
      const read = await readWithOther(kafka.bootstrapServers, topic, 100_000)
      expect(read).toHaveLength(100_000)
      expect(valuesByKey(read)).toEqual(expectedByKey(100_000))
    })

    test('a tombstone is null on the wire and an empty value is empty, and so are keys and headers', async () => {
      const topic = await makeTopic('tombstones')
      await using producer = client.producer()
      const empty = Buffer.alloc(0)
      const key = Buffer.from('k')
      await producer.send([
        { topic, key, value: null },
        { topic, key, value: empty },
        { topic, partition: 0, key: null, value: Buffer.from('no key') },
        {
          topic,
          partition: 0,
          key: empty,
          value: Buffer.from('empty key'),
          headers: [
            ['a', empty],
            ['b', Buffer.from('B')],
          ],
        },
      ])
      const other = await readWithOther(kafka.bootstrapServers, topic, 4)
      expect(other.map(({ value }) => value)).toEqual([null, empty, Buffer.from('no key'), Buffer.from('empty key')])
      expect(other.map((one) => one.key)).toEqual([key, key, null, empty])
      expect(other[3]!.headers).toEqual({ a: empty, b: Buffer.from('B') })
      const own = await readAll(client, topic)
      expect(own.map(({ value }) => value)).toEqual([null, empty, Buffer.from('no key'), Buffer.from('empty key')])
      expect(own.map((one) => one.key)).toEqual([key, key, null, empty])
      expect(own[3]!.headers).toEqual([
        ['a', empty],
        ['b', Buffer.from('B')],
      ])
    })

    test.each(codecNames)('compressed with %s, records come back as they were', async (codec) => {
      const topic = await makeTopic(`codec-${codec}`)
      await using compressing = await open({ 'compression.type': codec })
      await compressing.producer().send(numbered(topic, 0, 2_000))
      expect(valuesByKey(await readAll(client, topic))).toEqual(expectedByKey(2_000))
      if (codec === 'none' || codec === 'gzip')
        expect(await readWithOther(kafka.bootstrapServers, topic, 2_000)).toHaveLength(2_000)
    })

    test('the timestamps given are kept, and a record without one has the time of the send', async () => {
      const topic = await makeTopic('timestamps')
      const before = BigInt(Date.now())
      await using producer = client.producer()
      const value = Buffer.from('v')
      await producer.send([
        { topic, key: null, value, timestamp: 1_700_000_000_123n },
        { topic, key: null, value, timestamp: 1_600_000_000_000n },
        { topic, key: null, value },
      ])
      const [first, second, third] = await readAll(client, topic)
      expect([first!.timestamp, second!.timestamp]).toEqual([1_700_000_000_123n, 1_600_000_000_000n])
      expect(third!.timestamp >= before).toBe(true)
      expect(first!.timestampType).toBe('CreateTime')
    })

    test('a partition that does not exist is an error, and nothing is written elsewhere', async () => {
      const topic = await makeTopic('no-partition', 2)
      await using producer = client.producer()
      const record = { topic, partition: 7, key: null, value: Buffer.from('v') }
      expect((await failureOf(producer.send([record]))).code).toBe('KAFKA_TOPIC_MISSING')
      expect(await readAll(client, topic)).toEqual([])
    })

    test('batches that are too large for the topic go out in parts; one record that is too large is named', async () => {
      const topic = await makeTopic('too-large', 1, { 'max.message.bytes': '20000' })
      await using producer = client.producer()
      const value = Buffer.alloc(1_000, 'x')
      const records = Array.from({ length: 100 }, () => ({ topic, key: null, value }))
      const acknowledged = await producer.send(records)
      expect(acknowledged.reduce((sum, { count }) => sum + count, 0)).toBe(100)
      expect(await readAll(client, topic)).toHaveLength(100)
      const large = { topic, key: null, value: Buffer.alloc(30_000, 'x') }
      const refused = await failureOf(producer.send([records[0]!, large]))
      expect(refused).toMatchObject({ code: 'KAFKA_RECORD_TOO_LARGE', kind: 'data' })
      expect(recordAtFault(refused)).toBe(1)
      await using fresh = client.producer()
      const tooLargeForUs = { topic, key: null, value: Buffer.alloc(2_000_000, 'x') }
      const refusedHere = await failureOf(fresh.send([tooLargeForUs]))
      expect(refusedHere.code).toBe('KAFKA_RECORD_TOO_LARGE')
      expect(recordAtFault(refusedHere)).toBe(0)
    })

    test('a compacted topic refuses a record without a key, with a code', async () => {
      const topic = await makeTopic('compacted', 1, { 'cleanup.policy': 'compact' })
      await using producer = client.producer()
      const refused = await failureOf(producer.send([{ topic, key: null, value: Buffer.from('v') }]))
      expect(refused).toMatchObject({ code: 'KAFKA_RECORD_REFUSED', kind: 'data' })
    })

    test('a topic that does not exist is a coded error and is not made', async () => {
      await using producer = client.producer()
      const topic = `${prefix}-nowhere`
      const missing = await failureOf(producer.send([{ topic, key: null, value: Buffer.from('v') }]))
      expect(missing).toMatchObject({ code: 'KAFKA_TOPIC_MISSING', kind: 'config' })
      expect((await client.admin().describe([topic])).size).toBe(0)
    })

    test('a topic deleted and made again is written from its beginning, or ends in a code', async () => {
      const topic = await makeTopic('made-again')
      await using producer = client.producer()
      await producer.send(numbered(topic, 0, 100))
      await client.admin().deleteTopics([topic])
      await makeTopic('made-again')
      const second = await producer.send(numbered(topic, 100, 150)).catch((error: { code: string }) => error)
      if ('code' in second) {
        expect(second.code).toMatch(/^KAFKA_/)
        await using fresh = client.producer()
        await fresh.send(numbered(topic, 100, 150))
      }
      expect((await readAll(client, topic)).map(({ value }) => Number(value))).toEqual(
        Array.from({ length: 50 }, (_, i) => 100 + i),
      )
    })
  })

  describe('transactions', () => {
    test('aborted records are invisible to read_committed, over many transactions and fetches', async () => {
      const topic = await makeTopic('aborted')
      await using producer = client.producer({ transactionalId: `${prefix}-aborting` })
      await producer.init()
      const kept: number[] = []
      for (let i = 0; i < 20; i++) {
        producer.begin()
        await producer.send(numbered(topic, i * 100, i * 100 + 50))
        await producer.send(numbered(topic, i * 100 + 50, i * 100 + 100))
        if (i % 3 === 0) kept.push(...Array.from({ length: 100 }, (_, n) => i * 100 + n))
        await (i % 3 === 0 ? producer.commit() : producer.abort())
      }
      // fetches of so few bytes part an aborted transaction from its marker
      await using small = await open({ 'max.partition.fetch.bytes': '2000' })
      expect((await readAll(small, topic)).map(({ value }) => Number(value))).toEqual(kept)
      expect((await readAll(client, topic)).map(({ value }) => Number(value))).toEqual(kept)
      expect(await readAll(client, topic, 'read_uncommitted')).toHaveLength(2_000)
    })

    test('a bounded reader gets past control records and aborted ones to the end', async () => {
      const topic = await makeTopic('control')
      await using producer = client.producer({ transactionalId: `${prefix}-control` })
      await producer.init()
      producer.begin()
      await producer.send(numbered(topic, 0, 3))
      await producer.commit()
      producer.begin()
      await producer.send(numbered(topic, 3, 6))
      await producer.abort()
      const end = async () =>
        (await client.admin().offsets([{ topic, partition: 0 }], 'latest', 'read_committed'))[0]!.offset
      await expect.poll(end, { timeout: 20_000 }).toBe(8n)
      await using reader = client.reader({ partitions: [{ topic, partition: 0, offset: 0n, endOffset: 8n }] })
      let next = 0n
      let count = 0
      const signal = AbortSignal.timeout(30_000)
      for (let batch = await reader.next(signal); batch !== undefined; batch = await reader.next(signal)) {
        next = batch.nextOffset
        count += batch.records.length
      }
      expect([next, count]).toEqual([8n, 3])
    })

    test('an open transaction holds read_committed back and not read_uncommitted', async () => {
      const topic = await makeTopic('open')
      await using producer = client.producer({ transactionalId: `${prefix}-open` })
      await producer.init()
      producer.begin()
      await producer.send(numbered(topic, 0, 5))
      const end = async (isolation: 'read_committed' | 'read_uncommitted') =>
        (await client.admin().offsets([{ topic, partition: 0 }], 'latest', isolation))[0]!.offset
      expect([await end('read_committed'), await end('read_uncommitted')]).toEqual([0n, 5n])
      await producer.commit()
      // the markers are written after the coordinator has answered
      await expect.poll(() => end('read_committed'), { timeout: 20_000 }).toBe(6n)
    })

    test('who takes over a transactional id fences the former owner, and aborts its open transaction', async () => {
      const topic = await makeTopic('fencing')
      const transactionalId = `${prefix}-fencing`
      await using former = client.producer({ transactionalId })
      await former.init()
      former.begin()
      await former.send(numbered(topic, 0, 10))
      await using latter = client.producer({ transactionalId })
      await latter.init()
      latter.begin()
      await latter.send(numbered(topic, 10, 20))
      await latter.commit()
      expect(await failureOf(former.commit())).toMatchObject({ code: 'KAFKA_PRODUCER_FENCED', kind: 'conflict' })
      latter.begin()
      await latter.send(numbered(topic, 20, 30))
      await latter.commit()
      expect((await readAll(client, topic)).map(({ value }) => Number(value))).toEqual(
        Array.from({ length: 20 }, (_, i) => 10 + i),
      )
    })
  })

  describe('faults', () => {
    let server: KafkaServer

    beforeAll(async () => {
      server = await startKafka()
      await warmUp(server.bootstrapServers)
    })

    afterAll(() => server.stop())

    const quick = { 'request.timeout.ms': '1000', 'socket.connection.setup.timeout.ms': '1000' }

    test('the broker restarts in the middle of sends: each record arrives once, in order by key', async () => {
      await using own = await open(quick, server)
      const topic = `${prefix}-restart`
      await own.admin().createTopics([{ topic, partitions: 3 }])
      await using producer = own.producer()
      let sent = 0
      let stop = false
      const sending = (async () => {
        for (; !stop; sent += 200) await producer.send(numbered(topic, sent, sent + 200))
      })()
      await expect.poll(() => sent, { timeout: 60_000 }).toBeGreaterThan(1_000)
      await server.restart('SIGTERM')
      const then = sent
      await expect.poll(() => sent, { timeout: 100_000 }).toBeGreaterThan(then + 1_000)
      stop = true
      await sending
      expect(valuesByKey(await readAll(own, topic))).toEqual(expectedByKey(sent))
    }, 180_000)

    test('the leader is frozen and goes on: what was sent meanwhile arrives once, in order by key', async () => {
      await using own = await open(long ? {} : quick, server)
      const topic = `${prefix}-frozen`
      await own.admin().createTopics([{ topic, partitions: 3 }])
      await using producer = own.producer()
      await producer.send(numbered(topic, 0, 100))
      server.signal('SIGSTOP')
      const thaw = setTimeout(() => server.signal('SIGCONT'), long ? 45_000 : 3_000)
      try {
        await Promise.all([producer.send(numbered(topic, 100, 200)), producer.send(numbered(topic, 200, 300))])
      } finally {
        clearTimeout(thaw)
        server.signal('SIGCONT')
      }
      await producer.send(numbered(topic, 300, 400))
      expect(valuesByKey(await readAll(own, topic))).toEqual(expectedByKey(400))
    }, 180_000)

    test('a leader that stays frozen is a coded error once the delivery timeout is over', async () => {
      await using own = await open({ ...quick, 'delivery.timeout.ms': '2500' }, server)
      const topic = `${prefix}-stays-frozen`
      await own.admin().createTopics([{ topic }])
      await using producer = own.producer()
      await producer.send(numbered(topic, 0, 1))
      server.signal('SIGSTOP')
      try {
        const failure = await failureOf(producer.send(numbered(topic, 1, 2)))
        expect(failure).toMatchObject({ code: 'KAFKA_UNREACHABLE', kind: 'connection' })
      } finally {
        server.signal('SIGCONT')
      }
      expect((await failureOf(producer.send(numbered(topic, 2, 3)))).code).toBe('KAFKA_UNREACHABLE')
    })

    test('the broker forgets the producer: the next sends arrive once, or end in a code', async () => {
      // a broker of its own: it takes a repeat for a new record once it has forgotten who sent it
      await using forgetful = await startKafka({
        settings: { 'producer.id.expiration.ms': '1500', 'producer.id.expiration.check.interval.ms': '200' },
      })
      await using own = await open(quick, forgetful)
      const topic = `${prefix}-expired`
      await own.admin().createTopics([{ topic }])
      await using producer = own.producer()
      await producer.send(numbered(topic, 0, 100))
      // no request tells when: the broker's own interval and expiry, twice over
      const idleSince = Date.now()
      await expect.poll(() => Date.now() - idleSince, { timeout: 20_000 }).toBeGreaterThan(3_000)
      const sent = await producer.send(numbered(topic, 100, 200)).catch((error: { code: string }) => error)
      if ('code' in sent) expect(sent.code).toBe('KAFKA_PRODUCER_STATE')
      const read = await readAll(own, topic)
      expect(valuesByKey(read)).toEqual(expectedByKey('code' in sent ? 100 : 200))
    })

    test('a broker that is not there is a coded error, in time', async () => {
      await using nobody = await openKafkaClient(
        { 'bootstrap.servers': '127.0.0.1:1', 'default.api.timeout.ms': '1500', ...quick },
        adapter,
      )
      expect(await failureOf(nobody.admin().clusterId())).toMatchObject({
        code: 'KAFKA_UNREACHABLE',
        kind: 'connection',
      })
      const send = nobody.producer().send([{ topic: 't', key: null, value: null }], AbortSignal.timeout(3_000))
      expect(await failureOf(send)).toBeDefined()
    })
  })

  describe('reading', () => {
    test('an offset that is gone is a coded error', async () => {
      const topic = await makeTopic('out-of-range')
      await using reader = client.reader({ partitions: [{ topic, partition: 0, offset: 99n }] })
      expect(await failureOf(reader.next(AbortSignal.timeout(20_000)))).toMatchObject({
        code: 'KAFKA_OFFSET_OUT_OF_RANGE',
        kind: 'history-lost',
      })
    })

    test('a partition that is paused is not handed out until it is resumed', async () => {
      const topic = await makeTopic('paused', 2)
      await using producer = client.producer()
      const value = Buffer.from('v')
      await producer.send([0, 1].map((partition) => ({ topic, partition, key: null, value })))
      await using reader = client.reader({ partitions: [0, 1].map((partition) => ({ topic, partition, offset: 0n })) })
      reader.pause([{ topic, partition: 0 }])
      expect((await reader.next(AbortSignal.timeout(20_000)))!.partition).toBe(1)
      const waiting = reader.next(AbortSignal.timeout(20_000))
      reader.resume([{ topic, partition: 0 }])
      expect((await waiting)!.partition).toBe(0)
    })

    test('a signal ends the waiting for a batch with its reason', async () => {
      const topic = await makeTopic('signal')
      await using reader = client.reader({ partitions: [{ topic, partition: 0, offset: 0n }] })
      const stop = new AbortController()
      const waiting = reader.next(stop.signal)
      stop.abort(new Error('enough'))
      expect((await failureOf(waiting)).message).toBe('enough')
    })
  })

  describe('admin', () => {
    test('topics are made once, with their settings, and offsets are found by time', async () => {
      const topic = `${prefix}-made`
      const wanted = { topic, partitions: 2, replicationFactor: 1, config: { 'cleanup.policy': 'compact' } }
      expect(await client.admin().createTopics([wanted])).toEqual([topic])
      expect(await client.admin().createTopics([wanted])).toEqual([])
      const description = (await client.admin().describe([topic, `${prefix}-none`])).get(topic)!
      expect(description.partitions.map(({ partition, leader }) => [partition, leader])).toEqual([
        [0, 1],
        [1, 1],
      ])
      expect((await client.admin().topicConfig(topic)).get('cleanup.policy')).toBe('compact')
      expect(await client.admin().topics()).toContain(topic)
      await using producer = client.producer()
      const record = { topic, partition: 0, key: Buffer.from('k'), value: Buffer.from('v') }
      await producer.send([1_000n, 2_000n, 3_000n].map((timestamp) => ({ ...record, timestamp })))
      const at = { timestamp: 1_500n }
      const both = [0, 1].map((partition) => ({ topic, partition }))
      const found = await client.admin().offsets(both, at, 'read_committed')
      expect(found.map(({ offset }) => offset)).toEqual([1n, 0n])
    })

    test('a topic that cannot be made is a coded error with the broker’s words', async () => {
      const failure = await failureOf(client.admin().createTopics([{ topic: `${prefix}-rf`, replicationFactor: 3 }]))
      expect(failure).toMatchObject({ code: 'KAFKA_TOPIC_REFUSED', kind: 'config' })
      expect(failure.message).toContain('INVALID_REPLICATION_FACTOR')
    })

    test('offsets of a group without members can be set and read', async () => {
      const topic = await makeTopic('group-offsets', 2)
      const group = `${prefix}-group`
      const both = [0, 1].map((partition) => ({ topic, partition }))
      expect(await client.admin().groupOffsets(group, both)).toEqual([])
      await client.admin().alterGroupOffsets(group, [{ topic, partition: 1, offset: 42n }])
      expect(await client.admin().groupOffsets(group, both)).toEqual([{ topic, partition: 1, offset: 42n }])
    })
  })
}
