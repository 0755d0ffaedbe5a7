import { text } from 'node:stream/consumers'
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication'
import type { Measurement } from '../measurement.ts'
import type { ReceiveJob } from '../references/receive.ts'
import { cpuSince, peakMemory, say } from './say.ts'

const { slot, publication, changes, ...connection } = JSON.parse(await text(process.stdin)) as ReceiveJob
const before = process.cpuUsage()
const start = performance.now()
const service = new LogicalReplicationService({ ...connection, ssl: false })
const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [publication] })
let count = 0
const caughtUp = new Promise<void>((resolve, reject) => {
  service.on('error', reject)
  service.on('data', (_lsn: string, { tag }: { readonly tag: string }) => {
    if ((tag === 'insert' || tag === 'update' || tag === 'delete') && ++count === changes) resolve()
  })
})
// resolves only when the stream has ended
void service.subscribe(plugin, slot).catch(() => {})
await caughtUp
const seconds = (performance.now() - start) / 1000
say({ changes: count, seconds, cpu: cpuSince(before), peakRss: peakMemory() } satisfies Measurement)
await service.destroy()
process.exit(0)
