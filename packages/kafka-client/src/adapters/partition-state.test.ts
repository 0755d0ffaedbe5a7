import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KafkaBatch } from '../port.ts'
import { codecNamed } from '../records/codecs.ts'
import { scanBatches } from '../records/decode.ts'
import { encodeBatch } from '../records/encode.ts'
import { RecordPack } from '../records/record-pack.ts'
import { PartitionState } from './partition-state.ts'

const header = { producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: false, now: 0n }

/** Batches of so many records of this size, one after the other from offset 0; values are the offsets. */
function log(counts: readonly number[], bytes: number): Buffer {
  let base = 0
  return Buffer.concat(
    counts.map((count) => {
      const list = new RecordPack()
      for (let i = 0; i < count; i++) list.add({ topic: 't', key: null, value: String(base + i).padStart(bytes) })
      const records = { list, places: Array.from({ length: count }, (_, i) => i), from: 0, to: count }
      const batch = Buffer.from(encodeBatch(records, { ...header, codec: codecNamed('none') }))
      // the broker's part, which the checksum leaves out
      batch.writeBigInt64BE(BigInt(base), 0)
      base += count
      return batch
    }),
  )
}

function pieces(state: PartitionState, maxRecords: number): KafkaBatch[] {
  const all: KafkaBatch[] = []
  while (state.ready) all.push(state.next(maxRecords)!)
  return all
}

test('a fetch is handed out in order and whole, from the place that was asked for and before the end', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 })
  const sizes = fc.constantFrom(8, 400, 3_000)
  const limit = fc.constantFrom(1, 7, 500)
  fc.assert(
    fc.property(counts, sizes, limit, fc.nat(), fc.nat(), (batches, bytes, maxRecords, start, stop) => {
      const total = batches.reduce((sum, count) => sum + count, 0)
      const offset = start % total
      const end = stop % 3 === 0 ? undefined : offset + 1 + (stop % (total - offset))
      const bound = end === undefined ? {} : { endOffset: BigInt(end) }
      const state = new PartitionState({ topic: 't', partition: 0, offset: BigInt(offset), ...bound })
      state.take(scanBatches(log(batches, bytes), state.offset, undefined), BigInt(total))
      const last = end ?? total
      expect(state.offset).toBe(BigInt(last))
      const given = pieces(state, maxRecords)
      const offsets = given.flatMap(({ records }) => records.map((record) => Number(record.offset)))
      expect(offsets).toEqual(Array.from({ length: last - offset }, (_, i) => offset + i))
      for (const { records } of given) expect(records.length).toBeLessThanOrEqual(maxRecords)
      for (const { records } of given)
        for (const { offset, value } of records) expect(Number(value!.toString())).toBe(Number(offset))
      let place = BigInt(offset)
      for (const { records, nextOffset } of given) {
        for (const record of records) expect(record.offset >= place && record.offset < nextOffset).toBe(true)
        place = nextOffset
      }
      expect(place).toBe(BigInt(last))
      expect(state.finished).toBe(end !== undefined)
    }),
    { numRuns: 40 },
  )
})

test('a fetch without records that count moves the place all the same', () => {
  const state = new PartitionState({ topic: 't', partition: 0, offset: 5n })
  state.take({ batches: [], nextOffset: 9n }, 9n)
  expect(pieces(state, 500)).toMatchObject([{ records: [], nextOffset: 9n, endOffset: 9n }])
  expect(state.due).toBe(true)
})
