import { type Change, canonicalFault, isRowChange, type Row, type Table } from '@cdc/core'
import type { Random } from '../generate/random.ts'
import { failure, ofKind, that } from './expect.ts'
import { decodeAll, type FormatBench, placed } from './format-bench.ts'
import { wideRows, wideTable } from './wide-table.ts'

const utf8 = new TextEncoder()

/** Tokens that are well formed somewhere and have no place here. */
const tokens = ['null', 'true', '1e400', '-0', '0.5', '99999999999999999999', '"x"', '""', '[]', '{}', '[1]', '\u0000']

/** Bytes with one thing wrong: a bit, a gap, a stray piece, a repeated one, or a value of another kind. */
export function damaged(whole: Uint8Array, random: Random): Uint8Array {
  const from = random.int(0, whole.length - 1)
  const until = Math.min(whole.length, from + random.int(1, 8))
  const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
  const [before, piece, after] = [whole.subarray(0, from), whole.subarray(from, until), whole.subarray(until)]
  switch (random.int(0, 5)) {
    case 0: {
      const bytes = Uint8Array.from(whole)
      bytes[from]! ^= 1 << random.int(0, 7)
      return bytes
    }
    case 1:
      return joined(before, after)
    case 2:
      return joined(before, utf8.encode(random.pick(tokens)), piece, after)
    case 3:
      return joined(before, piece, piece, after)
    case 4:
      return joined(
        before,
        Uint8Array.from(piece, () => random.int(0, 255)),
        after,
      )
    default:
      return otherValue(whole, random) ?? joined(before, after)
  }
}

/** Where the bytes are text with numbers and quoted strings: another token in the place of one of them. */
function otherValue(whole: Uint8Array, random: Random): Uint8Array | undefined {
  const text = new TextDecoder().decode(whole)
  const places = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\btrue\b|\bfalse\b|\bnull\b/g)]
  if (places.length === 0) return undefined
  const place = random.pick(places)
  const end = place.index + place[0].length
  return utf8.encode(text.slice(0, place.index) + random.pick(tokens) + text.slice(end))
}

/** Damaged records of every type: refused with a `data` error, or read as rows that are what they say they are. */
export async function checkDamage(bench: FormatBench, random: Random, times: number): Promise<void> {
  const wide = wideTable(bench.declared.types)
  const format = bench.format()
  const [encoder, decoder] = [await format.encoder(wide), await format.decoder(wide)]
  // a copy each: that bytes stay as they were is another law
  const records = wideRows(wide).flatMap((after) =>
    structuredClone([...encoder.encode(placed([[{ kind: 'insert', table: wide, after }]])[0]!)]),
  )
  for (let time = 0; time < times; time++) {
    const record = random.pick(records)
    const whole = typeof record.value === 'string' ? utf8.encode(record.value) : record.value
    if (whole === null || whole.length === 0) continue
    const value = damaged(whole, random)
    const reading = decodeAll(decoder, [{ ...record, value }])
    const failed = await failure(reading)
    if (failed === undefined) for (const change of await reading) checkChange(change, wide)
    else ofKind(failed.error, ['data'], 'Decoding a damaged record')
  }
  that((await decodeAll(decoder, [records[0]!])).length > 0, 'After damaged records, a good one was read as nothing.')
}

function checkChange(change: Change, wide: Table): void {
  if (!isRowChange(change)) return
  if ('before' in change && change.before !== undefined) checkRow(change.before, change.table, wide)
  if ('after' in change) checkRow(change.after, change.table, wide)
}

function checkRow(row: Row, { columns }: Table, wide: Table): void {
  that(
    row.length === columns.length,
    `A damaged record was read as a row of ${row.length} cells instead of ${columns.length}.`,
  )
  for (const [index, { name, type }] of columns.entries()) {
    const fault = canonicalFault(row[index], type)
    that(
      fault === undefined,
      `A damaged record was read as a row of ${wide.name} whose ${name} is no ${type.kind}: ${fault}.`,
    )
  }
}
