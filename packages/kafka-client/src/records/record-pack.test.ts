import fc from 'fast-check'
import { expect, test } from 'vitest'
import { partitionOf } from '../murmur2.ts'
import type { KafkaRecord, ProducerRecord } from '../port.ts'
import { codecNamed } from './codecs.ts'
import { readRecords, scanBatches } from './decode.ts'
import { encodeBatch } from './encode.ts'
import { groupByPartition } from './group-by-partition.ts'
import { PlainRecords, type RecordList } from './record-list.ts'
import { type OutgoingRecord, RecordPack } from './record-pack.ts'

const part = fc.option(
  fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 20, maxLength: 400 }), fc.uint8Array()),
)
const headers = fc.option(fc.dictionary(fc.string(), part), { nil: undefined })
const outgoing = fc.record({ key: part, value: part, headers }).map(
  ({ headers: of, ...rest }): OutgoingRecord => ({
    topic: 't',
    ...rest,
    ...(of === undefined ? {} : { headers: of }),
  }),
)
const list = fc.array(outgoing, { minLength: 1, maxLength: 60 })

const bytes = (content: Uint8Array | string | null) => (content === null ? null : Buffer.from(content as string))

/** The same with an object and buffers a record, as any producer takes it. */
const plain = ({ topic, key, value, headers = {} }: OutgoingRecord): ProducerRecord => ({
  topic,
  key: bytes(key),
  value: bytes(value),
  headers: Object.entries(headers).map(([name, content]) => [name, bytes(content)]),
})

function packed(records: readonly OutgoingRecord[]): RecordPack {
  const pack = new RecordPack()
  for (const record of records) pack.add(record)
  return pack
}

const header = { producerId: 7n, producerEpoch: 1, baseSequence: 3, transactional: true, now: 1_700_000_000_000n }
const batchOf = (records: RecordList, places: readonly number[], from: number, to: number, codec: 'none' | 'gzip') =>
  encodeBatch({ list: records, places, from, to }, { ...header, codec: codecNamed(codec) })
const all = ({ length }: { readonly length: number }) => Array.from({ length }, (_, i) => i)

test('a batch of packed records is the batch of the same records as objects, byte for byte', () => {
  fc.assert(
    fc.property(list, fc.constantFrom('none', 'gzip'), (records, codec) => {
      const places = all(records)
      const wanted = batchOf(new PlainRecords(records.map(plain)), places, 0, records.length, codec)
      expect(batchOf(packed(records), places, 0, records.length, codec).equals(wanted)).toBe(true)
    }),
  )
})

test('a pack that is used again, cut in two or spread over partitions loses and changes nothing', () => {
  const pack = new RecordPack()
  fc.assert(
    fc.property(list, fc.nat(), fc.integer({ min: 1, max: 4 }), (records, cut, partitions) => {
      pack.clear()
      for (const record of records) pack.add(record)
      const limits = { batchSize: 1 << 30, maxRequestSize: 1 << 30 }
      const queues = groupByPartition(pack, () => partitions, 5, limits)
      expect(queues.reduce((sum, { places }) => sum + places.length, 0)).toBe(records.length)
      for (const { partition, places } of queues) {
        const middle = cut % (places.length + 1)
        const batches = [[0, middle] as const, [middle, places.length] as const]
          .filter(([from, to]) => to > from)
          .map(([from, to]) => batchOf(pack, places, from, to, 'none'))
        const read: KafkaRecord[] = []
        for (const batch of batches)
          for (const open of scanBatches(batch, 0n, undefined).batches) readRecords(open, 0n, undefined, read)
        const wanted = places.map((place) => plain(records[place]!))
        expect(read.map(({ key, value, headers }) => ({ topic: 't', key, value, headers }))).toEqual(wanted)
        for (const { key } of wanted)
          expect(partition).toBe(key === null ? 5 % partitions : partitionOf(key, partitions))
        expect(places.map((place) => pack.record(place))).toEqual(wanted)
      }
    }),
  )
})

test('the last record moves to another pack, which may be on its way again while this one is filled', () => {
  fc.assert(
    fc.property(list, outgoing, (records, last) => {
      const [full, next] = [packed([...records, last]), new RecordPack()]
      next.takeLast(full)
      full.add(last)
      full.takeLast(packed([last]))
      expect(all(full).map((place) => full.record(place))).toEqual([...records, last, last].map(plain))
      expect(all(next).map((place) => next.record(place))).toEqual([plain(last)])
      expect(full.size).toBe(packed([...records, last, last]).size)
    }),
  )
})
