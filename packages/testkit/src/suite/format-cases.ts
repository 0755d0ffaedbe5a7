import { type Change, type EncodedRecord, isRowChange, type Row, type RowChange, type Table } from '@cdc/core'
import { completed, keyOf, rowKey } from '../cell.ts'
import { Random } from '../generate/random.ts'
import { tableOf } from '../generate/tables.ts'
import { formatLaws as law } from '../laws/format-laws.ts'
import { failure, ofKind, same, sameRows, that } from './expect.ts'
import { decodeAll, Effect, encodeAll, type FormatBench, placed, recordKey } from './format-bench.ts'
import { checkDamage } from './format-damage.ts'
import type { FormatDeclared } from './format-fixture.ts'
import type { Case } from './runner.ts'
import { wideRows, wideTable } from './wide-table.ts'

type FormatCase = Case<FormatDeclared, FormatBench>

const text = { kind: 'string' } as const
const items = tableOf('testkit_items', { name: text, id: { kind: 'int32' }, note: text }, ['id'])
const pairs = tableOf('testkit_pairs', { b: { kind: 'int64' }, part: text, a: text }, ['a', 'b'])
const events = tableOf('testkit_events', { at: { kind: 'int64' }, what: text }, [])
const widened = tableOf('testkit_items', { name: text, id: { kind: 'int32' }, note: text, more: text }, ['id'])

const readable = ({ decode }: FormatDeclared) => decode
const changing = ({ decode, holds }: FormatDeclared) => decode && holds !== 'append'

/** All cases of `formatConformance`. */
export const formatCases: readonly FormatCase[] = [
  {
    law: law['FORMAT-ROUND-TRIP'],
    name: 'random changelogs end with the same rows',
    when: readable,
    async run(bench, { seeds, holds }) {
      same(bench.holds, holds, 'What the format declares to hold')
      for (let seed = 1; seed <= seeds; seed++) {
        for (const table of [items, pairs, events]) await checkRoundTrip(bench, table, seed)
      }
    },
  },
  {
    law: law['FORMAT-ROUND-TRIP'],
    name: 'old rows are whole in a format that holds retractions',
    when: ({ decode, holds }) => decode && holds === 'retract',
    async run(bench) {
      const [encoder, decoder] = [await bench.format().encoder(items), await bench.format().decoder(items)]
      const changes = placed([
        [
          { kind: 'update', table: items, before: ['a', 1, 'n'], after: ['b', 1, 'n'] },
          { kind: 'delete', table: items, before: ['b', 1, 'n'] },
        ],
      ])
      for (const change of changes) {
        const [decoded] = (await decodeAll(decoder, encoder.encode(change))).filter(isRowChange)
        const wanted = 'before' in change ? change.before : undefined
        const got = decoded !== undefined && 'before' in decoded ? decoded.before : undefined
        that(
          got !== undefined && rowKey(got) === rowKey(wanted!),
          `The old row of the ${change.kind} is not what it was.`,
        )
      }
    },
  },
  {
    law: law['FORMAT-VALUES'],
    name: 'every edge of every type',
    when: readable,
    async run(bench, { types, decoded }) {
      const wide = wideTable(types)
      const [encoder, decoder] = [await bench.format().encoder(wide), await bench.format().decoder(wide)]
      for (const row of wideRows(wide)) {
        const [change] = placed([[{ kind: 'insert', table: wide, after: row }]])
        const records = encoder.encode(change!)
        that(!encoder.oneLine || records.every(isOneLine), 'A record has a line feed, and oneLine says that none has.')
        const [back] = (await decodeAll(decoder, records)).filter(isRowChange)
        that(back !== undefined && back.kind !== 'delete', 'An insert was read back as nothing.')
        for (const [index, { type, name }] of wide.columns.entries()) {
          const [wanted, got] = [rowKey([decoded(row[index], type)]), rowKey([back.after[index]])]
          that(wanted === got, `Column ${name} is ${got} instead of ${wanted}.`)
        }
      }
    },
  },
  {
    law: law['FORMAT-UNDEFINED-IS-NOT-NULL'],
    name: 'an update that lacks a cell, and one that has a null',
    when: (declared) => changing(declared) && declared.partial,
    async run(bench) {
      const [encoder, decoder] = [await bench.format().encoder(items), await bench.format().decoder(items)]
      const [change] = placed([
        [{ kind: 'update', table: items, before: ['a', 1, 'kept'], after: [null, 1, undefined] }],
      ])
      const found = (await decodeAll(decoder, encoder.encode(change!))).filter(isRowChange)
      const back = found.findLast((one) => one.kind !== 'delete')
      that(back !== undefined, 'An update was read back without a new row.')
      that(back.after[0] === null, 'A null was not read back as null.')
      that(back.after[2] !== null, 'A cell that was not sent was read back as null.')
    },
  },
  {
    law: law['FORMAT-DETERMINISTIC'],
    name: 'two instances encode the same changes alike',
    async run(bench, { seeds }) {
      for (let seed = 1; seed <= seeds; seed++) {
        const [a, b] = [await bench.format().encoder(items), await bench.format().encoder(items)]
        for (const change of bench.changes(seed, items)) {
          const [first, second] = [a.encode(change).map(recordKey), b.encode(change).map(recordKey)]
          same(first, second, `The records of a ${change.kind}, made by the other instance,`)
        }
      }
    },
  },
  {
    law: law['FORMAT-ENCODER-ONCE'],
    name: 'a change gives the same record after others as alone, beside an encoder of another shape',
    async run(bench, { seeds }) {
      const [insert] = placed([[{ kind: 'insert', table: widened, after: ['x', 1, 'y', 'z'] }]])
      for (let seed = 1; seed <= seeds; seed++) {
        const format = bench.format()
        const [shared, other] = [await format.encoder(items), await format.encoder(widened)]
        for (const change of bench.changes(seed, items)) {
          other.encode(insert!)
          const alone = await format.encoder(items)
          same(
            shared.encode(change).map(recordKey),
            alone.encode(change).map(recordKey),
            `The records of a ${change.kind}`,
          )
        }
      }
    },
  },
  {
    law: law['FORMAT-BYTES-STAY'],
    name: 'records are kept while more is encoded',
    async run(bench) {
      const format = bench.format()
      const encoder = await format.encoder(items)
      const changes = bench.changes(3, items, 30)
      const before = changes.map(changeKey)
      const records = changes.map((change) => encoder.encode(change))
      const again = await format.encoder(items)
      for (const [index, change] of changes.entries()) {
        const kept = records[index]!.map(recordKey)
        same(kept, again.encode(change).map(recordKey), `Record ${index + 1}, looked at later,`)
      }
      same(changes.map(changeKey), before, 'The changes that were encoded')
    },
  },
  {
    law: law['FORMAT-RECORD'],
    name: 'parts and destination of records',
    async run(bench) {
      for (const table of [items, pairs, events]) {
        const encoder = await bench.format().encoder(table)
        for (const record of encodeAll(encoder, bench.changes(5, table, 30))) checkRecord(record)
      }
    },
  },
  {
    law: law['FORMAT-KEY'],
    name: 'the same for the same row, others for others',
    async run(bench, { holds }) {
      for (const table of [items, pairs]) {
        const encoder = await bench.format().encoder(table)
        const rows = new Map<string, string>()
        const records = new Map<string, string>()
        for (const change of bench
          .changes(6, table, 60)
          .filter((one) => isRowChange(one) && !movesKey(one)) as RowChange[]) {
          const row = keyOf(change.kind === 'delete' ? change.before : change.after, table.key)
          for (const record of encoder.encode(change)) {
            if (record.key === null) continue
            const key = recordKey({ key: record.key, value: null, destination: 'table' })
            that((rows.get(row) ?? key) === key, `One row of ${table.name} has two keys (${holds}).`)
            that((records.get(key) ?? row) === row, `Two rows of ${table.name} have one key.`)
            rows.set(row, key)
            records.set(key, row)
          }
        }
      }
    },
  },
  {
    law: law['FORMAT-TOMBSTONE'],
    name: 'the value of a record is gone',
    when: readable,
    async run(bench) {
      const [encoder, decoder] = [await bench.format().encoder(items), await bench.format().decoder(items)]
      const [insert] = placed([[{ kind: 'insert', table: items, after: ['a', 7, 'b'] }]])
      for (const record of encoder.encode(insert!)) {
        if (record.key === null) continue
        for (const change of await decodeAll(decoder, [{ ...record, value: null }])) {
          that(change.kind === 'delete', `A record without a value was read as: ${change.kind}.`)
          that(change.before[1] === 7, 'A record without a value was read as a delete of another row.')
        }
      }
    },
  },
  {
    law: law['FORMAT-GARBAGE'],
    name: 'bytes of something else, and a record that was cut off',
    when: readable,
    async run(bench) {
      const [encoder, decoder] = [await bench.format().encoder(items), await bench.format().decoder(items)]
      const [insert] = placed([[{ kind: 'insert', table: items, after: ['a name', 7, 'a note'] }]])
      const [record] = encoder.encode(insert!)
      that(record !== undefined && record.value !== null, 'An insert gave no record with a value.')
      const whole = typeof record.value === 'string' ? new TextEncoder().encode(record.value) : record.value
      const garbage = [
        Uint8Array.from([0xff, 0xfe, 0, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff]),
        whole.slice(0, whole.length / 2),
      ]
      for (const value of garbage) {
        const failed = await failure(decodeAll(decoder, [{ ...record, value }]))
        that(failed !== undefined, 'It was read as a record.')
        ofKind(failed.error, ['data'], 'Decoding')
        that((await decodeAll(decoder, [record])).length > 0, 'After it, a good record was read as nothing.')
      }
    },
  },
  {
    law: law['FORMAT-GARBAGE'],
    name: 'records of every type with one thing wrong',
    when: readable,
    run: (bench, { seeds }) => checkDamage(bench, new Random(9), 100 * seeds),
  },
]

async function checkRoundTrip(bench: FormatBench, table: Table, seed: number): Promise<void> {
  const changes = bench.changes(seed, table)
  const [encoder, decoder] = [await bench.format().encoder(table), await bench.format().decoder(table)]
  const [wanted, got] = [new Effect(table), new Effect(table)]
  for (const change of changes) {
    wanted.apply([change])
    const back = await decodeAll(decoder, encoder.encode(change))
    got.apply(back.map((one) => whole(one, change)))
    sameRows(got.rows(), wanted.rows(), `With seed ${seed}, after a ${change.kind}, ${table.name}`)
  }
}

/** Cells that were not sent may be read back as anything but null (a placeholder): they are not compared here. */
function whole(back: Change, change: Change): Change {
  if (back.kind === 'delete' || !('after' in back) || change.kind !== 'update') return back
  const old = change.before
  const after: Row = Array.from(back.after, (cell, index) => (change.after[index] === undefined ? undefined : cell))
  return { ...back, after: completed(after, old) }
}

function movesKey(change: RowChange): boolean {
  if (change.kind !== 'update' || change.before === undefined) return false
  return keyOf(change.before, change.table.key) !== keyOf(change.after, change.table.key)
}

function changeKey(change: Change): string {
  const row = (cells: Row | undefined) => (cells === undefined ? '' : rowKey(cells))
  return `${change.kind} ${row('before' in change ? change.before : undefined)} ${row('after' in change ? change.after : undefined)}`
}

function checkRecord(record: EncodedRecord): void {
  same(record.destination, 'table', 'The destination of a row')
  for (const part of [record.key, record.value]) {
    const ok = part === null || part instanceof Uint8Array || (typeof part === 'string' && part.isWellFormed())
    that(ok, `A part of a record is a ${typeof part}, or a text that is not well formed.`)
  }
  that(record.key !== null || record.value !== null, 'A record has neither key nor value.')
}

function isOneLine({ key, value }: EncodedRecord): boolean {
  return [key, value].every(
    (part) => part === null || !(typeof part === 'string' ? part.includes('\n') : part.includes(10)),
  )
}
