import { silentLogger } from '@cdc/core'
import { debeziumJson } from '../src/index.ts'
import { changes, table } from './rows.ts'

/**
 * What encoding costs: rows of 8 columns, as they come from a snapshot and from the stream.
 * `node --conditions=cdc-source packages/debezium-json/bench/bench.ts [rows]`
 */
const rows = Number(process.argv[2] ?? 200_000)

async function measure(name: string, streamed: boolean, options: Parameters<typeof debeziumJson>[0]): Promise<void> {
  const context = { pipeline: 'bench', logger: silentLogger, report() {}, role: 'value' as const }
  const encoder = await debeziumJson(options).create(context).encoder(table)
  const all = changes(rows, streamed)
  let [best, bytes] = [Number.POSITIVE_INFINITY, 0]
  for (let round = 0; round < 7; round++) {
    // of this thread alone: whatever else the machine does
    const start = process.threadCpuUsage()
    bytes = 0
    for (const change of all) {
      const [record] = encoder.encode(change)
      // as bytes, since a text is only put together when somebody reads it
      bytes += Buffer.byteLength(record!.value as string) + Buffer.byteLength(record!.key as string)
    }
    const { user, system } = process.threadCpuUsage(start)
    best = Math.min(best, user + system)
  }
  const each = (best / rows).toFixed(2)
  process.stdout.write(`${name.padEnd(28)} ${each} µs of CPU a row, ${Math.round(bytes / rows)} bytes with its key\n`)
}

await measure('snapshot', false, {})
await measure('stream', true, {})
await measure('stream, decimals as text', true, { 'decimal.handling.mode': 'string' })
await measure('stream, unwrapped', true, { unwrap: true })
await measure('stream, with schemas', true, { 'schemas.enable': true })
