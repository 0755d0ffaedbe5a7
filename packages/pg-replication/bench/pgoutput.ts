// Decoding pgoutput: nanoseconds of CPU a change. Run: node --conditions=cdc-source bench/pgoutput.ts
import { PgOutputDecoder } from '../src/pgoutput/decoder.ts'
import type { PgOutputHandler } from '../src/pgoutput/handler.ts'
import { dataTypeOf } from '../src/types/data-type.ts'
import { TypeCatalog } from '../src/types/type-catalog.ts'
import { encode } from '../test/encode-pgoutput.ts'
import { measure, sampleRow, sampleTypes } from './rows.ts'

const count = 20_000
const columns = sampleTypes.map(([name, oid, typmod], i) => ({ name, oid, typmod, flags: i === 0 ? 1 : 0 }))
const relation = encode({ type: 'R', oid: 16384, schema: 'public', name: 'customers', identity: 'd', columns })
const keep: unknown[] = []

const handler: PgOutputHandler = {
  begin() {},
  commit() {},
  relation() {},
  insert: (_, row) => void keep.push(row),
  update: (_, __, ___, row) => void keep.push(row),
  delete: (_, row) => void keep.push(row),
  truncate() {},
  message() {},
  origin() {},
  type() {},
}

function run(name: string, message: (i: number) => Buffer) {
  const frames = Array.from({ length: count }, (_, i) => message(i))
  const buffer = Buffer.concat(frames)
  const decoder = new PgOutputDecoder({ resolveType: (oid, typmod) => dataTypeOf(oid, typmod, new TypeCatalog()) })
  decoder.decode(relation, 0, relation.length, handler)
  measure(`${name} (${frames[0]!.length} bytes)`, count, () => {
    let at = 0
    for (const frame of frames) {
      decoder.decode(buffer, at, at + frame.length, handler)
      at += frame.length
      if (keep.length === 1000) keep.length = 0
    }
  })
}

const oid = 16384
run('insert, ASCII', (i) => encode({ type: 'I', oid, row: sampleRow(i) }))
run('update, whole old row, ASCII', (i) =>
  encode({ type: 'U', oid, kind: 'O', before: sampleRow(i), row: sampleRow(i) }),
)
run('delete by key', (i) => encode({ type: 'D', oid, kind: 'K', before: [String(i), ...Array(7).fill(null)] }))
run('insert, one column not ASCII', (i) =>
  encode({ type: 'I', oid, row: sampleRow(i).with(7, 'Zażółć gęślą jaźń 漢字 😀'.repeat(3)) }),
)
run('insert, 19-digit keys', (i) => encode({ type: 'I', oid, row: sampleRow(i).with(0, String(9e18 + i)) }))
run('insert, long note (8 kB)', (i) => encode({ type: 'I', oid, row: sampleRow(i).with(7, 'x'.repeat(8000)) }))
