import { silentLogger } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { changes, table } from '../../debezium-json/bench/rows.ts'
import { DebeziumAvroFormat } from '../src/debezium/debezium-avro-format.ts'
import { debeziumAvroOptions } from '../src/debezium/debezium-avro-options.ts'
import { connectReader } from '../src/decode/connect-reader.ts'
import { avro } from '../src/index.ts'
import type { Registered, SchemaRegistry } from '../src/registry/registry-client.ts'
import { avscType } from '../src/schema/avro-type.ts'
import { parseAvroSchema } from '../src/schema/parsed-schema.ts'
import { FRAME } from '../src/wire/frame.ts'

/**
 * What encoding costs, beside debezium-json and beside avsc's own writer for the same records.
 * `node --conditions=cdc-source packages/avro/bench/bench.ts [rows]`
 */
const rows = Number(process.argv[2] ?? 100_000)
const context = { pipeline: 'bench', logger: silentLogger, report() {}, role: 'value' as const }

class Schemas implements SchemaRegistry {
  readonly texts: string[] = []

  async schemaFor(_subject: string, schema: string): Promise<Registered> {
    return { id: this.texts.push(schema) - 1, schema }
  }

  async schemaOf(id: number): Promise<string> {
    return this.texts[id]!
  }

  async close(): Promise<void> {}
}

/** The best of some rounds, in CPU of this thread alone: whatever else the machine does. */
function measure(name: string, count: number, round: () => number): void {
  let [best, bytes] = [Number.POSITIVE_INFINITY, 0]
  for (let i = 0; i < 7; i++) {
    const start = process.threadCpuUsage()
    bytes = round()
    const { user, system } = process.threadCpuUsage(start)
    best = Math.min(best, user + system)
  }
  process.stdout.write(
    `${name.padEnd(44)} ${(best / count).toFixed(2)} µs of CPU a row, ${Math.round(bytes / count)} bytes\n`,
  )
}

const size = (part: Uint8Array | string | null | undefined) => (part == null ? 0 : Buffer.byteLength(part))
const registry = new Schemas()
const { values } = debeziumAvroOptions.parse({ url: 'http://localhost' })
const formats = {
  'debezium-json': debeziumJson({}).create(context),
  'debezium-avro-confluent': new DebeziumAvroFormat(values, context, { registry }),
}

for (const streamed of [false, true]) {
  const all = changes(rows, streamed)
  for (const [name, format] of Object.entries(formats)) {
    const encoder = await format.encoder(table)
    measure(`${name}, ${streamed ? 'stream' : 'snapshot'}`, rows, () => {
      let bytes = 0
      for (const change of all) for (const { key, value } of encoder.encode(change)) bytes += size(key) + size(value)
      return bytes
    })
  }
}

const inserted = changes(rows, false)
const plain = await avro({}).create(context).encoder(table)
measure('avro', rows, () => {
  let bytes = 0
  for (const change of inserted) for (const { value } of plain.encode(change)) bytes += size(value)
  return bytes
})

// avsc writes the same envelopes from the objects that it reads
const encoder = await formats['debezium-avro-confluent'].encoder(table)
const records = changes(Math.min(rows, 20_000), true).map((change) => encoder.encode(change)[0]!.value as Uint8Array)
const text = registry.texts.at(-1)!
const type = avscType(JSON.parse(text))
const objects = records.map((record) => type.fromBuffer(Buffer.from(record.subarray(FRAME))) as object)
measure('avsc, the same envelope from ready objects', records.length, () => {
  let bytes = 0
  for (const object of objects) bytes += type.toBuffer(object).length
  return bytes
})

const schema = parseAvroSchema(text, 'the schema')
const reader = connectReader(schema.type)
measure('read again, up to values of JSON', records.length, () => {
  let bytes = 0
  for (const record of records) {
    reader.json(schema.read(record.subarray(FRAME), 'value'))
    bytes += record.length
  }
  return bytes
})
