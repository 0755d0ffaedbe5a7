import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { Cluster } from '../../../../packages/kafka-client/src/adapters/platformatic/cluster.ts'
import { produce } from '../../../../packages/kafka-client/src/adapters/platformatic/produce-request.ts'
import { codecNamed } from '../../../../packages/kafka-client/src/records/codecs.ts'
import { encodeBatch } from '../../../../packages/kafka-client/src/records/encode.ts'
import { RecordPack } from '../../../../packages/kafka-client/src/records/record-pack.ts'
import { readProperties } from '../../../../packages/kafka-client/src/settings/properties.ts'
import type { Produced, ProduceJob } from '../references/produce.ts'
import { cpuSince, peakMemory, say } from './say.ts'

const { servers, topic, records, record, perSecond } = JSON.parse(await text(process.stdin)) as ProduceJob
const timeout = 60_000
const batchBytes = 1_000_000
const underWay = 2

/** Bytes that look like JSON of the size of ours. */
const filled = (bytes: number) => Buffer.from('{"name":"value 0123456789"},'.repeat(bytes / 28 + 1).slice(0, bytes))

/** Not idempotent: the same bytes may then go out again and again. */
function batchOf(count: number): Buffer {
  const header = {
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
    codec: codecNamed('none'),
    now: BigInt(Date.now()),
  }
  const [key, value] = [filled(record.key), filled(record.value)]
  const list = new RecordPack()
  for (let i = 0; i < count; i++) list.add({ topic, key, value })
  return encodeBatch({ list, places: Array.from({ length: count }, (_, i) => i), from: 0, to: count }, header)
}

const cluster = new Cluster(readProperties({ 'bootstrap.servers': servers }))
const leader = (await cluster.topics([topic], 'write to')).get(topic)!.partitions[0]!.leaderId
const connection = await cluster.node(leader, 'send')

async function send(batch: Buffer): Promise<void> {
  const [answer] = await produce(connection, null, timeout, [{ topic, partition: 0, batch }])
  if (answer?.errorCode !== 0) throw new Error(`The broker answered with code ${answer?.errorCode}.`)
}

async function inBatches(): Promise<void> {
  const each = Math.max(1, Math.floor(batchBytes / (record.key + record.value + 12)))
  const batch = batchOf(Math.min(each, records))
  let left = records
  const lane = async () => {
    while (left > 0) {
      const count = Math.min(each, left)
      left -= count
      await send(count === each ? batch : batchOf(count))
    }
  }
  await Promise.all(Array.from({ length: underWay }, lane))
}

async function oneByOne(perSecond: number): Promise<number[]> {
  const batch = batchOf(1)
  const waits: number[] = []
  const began = performance.now()
  for (let i = 0; i < records; i++) {
    const due = began + (i * 1000) / perSecond
    while (performance.now() < due) await wait(1)
    const sent = performance.now()
    await send(batch)
    waits.push(performance.now() - sent)
  }
  return waits.sort((a, b) => a - b)
}

const before = process.cpuUsage()
const start = performance.now()
let waits: readonly number[] = []
if (perSecond === undefined) await inBatches()
else waits = await oneByOne(perSecond)
const seconds = (performance.now() - start) / 1000
const cpu = cpuSince(before)
await cluster.close()
say({ changes: records, seconds, cpu, peakRss: peakMemory(), waits } satisfies Produced)
