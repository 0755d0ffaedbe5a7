import { text } from 'node:stream/consumers'
import { FrameCursor, ReplicationStream, XLOG_DATA } from '@cdc/pg-replication'
import type { Measurement } from '../measurement.ts'
import type { ReceiveJob } from '../references/receive.ts'
import { cpuSince, peakMemory, say } from './say.ts'

const { slot, publication, changes, ...connection } = JSON.parse(await text(process.stdin)) as ReceiveJob
const kinds = new Set([...'IUD'].map((letter) => letter.charCodeAt(0)))
const before = process.cpuUsage()
const start = performance.now()
const stream = await ReplicationStream.start(
  { ...connection, ssl: { mode: 'disable' } },
  { slot, start: 0n, publications: [publication] },
)
const cursor = new FrameCursor()
let count = 0
while (count < changes) {
  const frames = await stream.read()
  if (frames === undefined) break
  cursor.reset(frames)
  for (let kind = cursor.next(); kind !== 0; kind = cursor.next())
    if (kind === XLOG_DATA && kinds.has(frames[cursor.start]!)) count++
}
const seconds = (performance.now() - start) / 1000
await stream.close()
say({ changes: count, seconds, cpu: cpuSince(before), peakRss: peakMemory() } satisfies Measurement)
