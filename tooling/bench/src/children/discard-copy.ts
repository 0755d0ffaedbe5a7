import { text } from 'node:stream/consumers'
import { Session } from '@cdc/pg-replication'
import type { Measurement } from '../measurement.ts'
import type { CopyJob } from '../references/copy.ts'
import { cpuSince, peakMemory, say } from './say.ts'

const { tables, rows, ...connection } = JSON.parse(await text(process.stdin)) as CopyJob
const before = process.cpuUsage()
const start = performance.now()
const session = await Session.open({ ...connection, ssl: { mode: 'disable' } })
for (const table of tables) await session.copyOut(`COPY public.${table} TO STDOUT`, () => undefined)
const seconds = (performance.now() - start) / 1000
await session.close()
say({ changes: rows, seconds, cpu: cpuSince(before), peakRss: peakMemory() } satisfies Measurement)
