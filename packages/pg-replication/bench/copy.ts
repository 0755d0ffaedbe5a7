// Reading COPY text: nanoseconds of CPU a row. Run: node --conditions=cdc-source bench/copy.ts
import { CopyTextReader } from '../src/copy/copy-text-reader.ts'
import { dataTypeOf } from '../src/types/data-type.ts'
import { TypeCatalog } from '../src/types/type-catalog.ts'
import { measure, sampleRow, sampleTypes } from './rows.ts'

const count = 40_000
const catalog = new TypeCatalog()
const columns = sampleTypes.map(([name, oid, typmod]) => ({ name, ...dataTypeOf(oid, typmod, catalog)! }))

function run(name: string, row: (i: number) => string[], chunk: number) {
  const buffer = Buffer.from(Array.from({ length: count }, (_, i) => `${row(i).join('\t')}\n`).join(''))
  measure(`${name}, chunks of ${chunk} (${Math.round(buffer.length / count)} bytes)`, count, () => {
    const reader = new CopyTextReader(columns)
    let rows = 0
    for (let at = 0; at < buffer.length; at += chunk) rows += reader.push(buffer.subarray(at, at + chunk)).length
    reader.end()
    if (rows !== count) throw new Error('rows are missing')
  })
}

run('ASCII', sampleRow, 256 * 1024)
run('ASCII', sampleRow, 64 * 1024)
run('ASCII', sampleRow, 8 * 1024)
run('ASCII', sampleRow, 200)
run('19-digit keys', (i) => sampleRow(i).with(0, String(9e18 + i)), 64 * 1024)
run('nulls', (i) => sampleRow(i).with(2, '\\N').with(5, '\\N'), 64 * 1024)
run(
  'an escape a row',
  (i) =>
    sampleRow(i).with(7, 'two lines\\nof text, and some more of it to be as long as the others are, well, nearly so'),
  64 * 1024,
)
run('one column not ASCII', (i) => sampleRow(i).with(7, 'Zażółć gęślą jaźń 漢字 😀'.repeat(3)), 64 * 1024)
