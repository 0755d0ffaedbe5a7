import { isDeepStrictEqual } from 'node:util'
import { type Cell, isRowChange, type Row, type RowChange, silentLogger, type Table } from '@cdc/core'
import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { postgresVersions, sharedPostgres } from '@cdc/servers'
import { beforeAll, describe, expect, test } from 'vitest'
import { copied, type Proof, runProof, type Seen } from '../src/proof.ts'

// `CDC_VALUES_SEEDS=100-200 vitest run tooling/values` runs more of them
const [first = 1, last = first] = (process.env.CDC_VALUES_SEEDS ?? '1').split('-').map(Number)
const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)
const runs = postgresVersions.flatMap((version) => seeds.map((seed) => ({ version, seed })))
const rows = 40
const context = { pipeline: 'values', logger: silentLogger, report() {}, role: 'value' as const }

describe.each(runs)('PostgreSQL $version, seed $seed', ({ version, seed }) => {
  let proof: Proof

  beforeAll(async () => {
    proof = await runProof(await sharedPostgres(version), seed + version * 1_000_000, rows)
  }, 120_000)

  const seen = (name: string) => proof.seen.get(name)!

  test.each(['scalars', 'arrays'])(
    'the snapshot and the stream give the same cells, and so do old rows: %s',
    (name) => {
      const { table, snapshot, inserted, deleted } = seen(name)
      expect([snapshot.size, inserted.size, deleted.size]).toEqual([rows, rows, rows / 2])
      for (const [id, change] of snapshot) {
        expect(cells(table, after(inserted.get(id + copied)!))).toEqual(cells(table, after(change)))
        if (deleted.has(id)) expect(cells(table, before(deleted.get(id)!))).toEqual(cells(table, after(change)))
      }
    },
  )

  test.each(['scalars', 'arrays'])('the target holds what the source holds: %s', (name) => {
    const [source, target] = [proof.source.get(name)!, proof.target.get(name)!]
    expect(target.length).toBe(rows + rows / 2)
    for (const [i, row] of source.entries()) expect(target[i], `row ${i}`).toBe(row)
  })

  test.each(['scalars', 'arrays'])('json brings every cell back: %s', async (name) => {
    const format = json({ changelog: 'debezium' }).create(context)
    expect(await changed(seen(name), format)).toEqual([])
  })

  test.each(['scalars', 'arrays'])('debezium-json brings back what Debezium can hold: %s', async (name) => {
    const format = debeziumJson({
      'decimal.handling.mode': 'string',
      'time.precision.mode': 'structured',
      'include.unknown.datatypes': true,
      'replace.null.with.default': false,
      'event.converting.failure.handling.mode': 'skip',
    }).create(context)
    expect((await changed(seen(name), format)).filter((change) => !asDebezium(change))).toEqual([])
  })
})

/** Arrays that Debezium leaves out of its records. */
const leftOut = /^(money|name|interval.*|xml|bit varying.*|point|circle)\[\]$/

const geometry = /^(point|line|lseg|box|path|polygon|circle)/

/** Geometry is doubles: two spellings of the same one are the same, as 2e16 is `20000000000000000`. */
function doubles(cell: Cell): string {
  return JSON.stringify(cell).replaceAll(/-?\d[\d.]*(e[+-]?\d+)?/g, (text) => String(Number(text)))
}

/** What Debezium's forms cannot say, each in the one way that is expected. */
function asDebezium({ native, cell, back }: Changed): boolean {
  if (leftOut.test(native)) return back === undefined
  if (geometry.test(native)) return isDeepStrictEqual(doubles(cell), doubles(back))
  // a value that looks like the placeholder is taken for it, as Debezium's readers take it
  if ([cell].flat().join() === '__debezium_unavailable_value') return back === undefined
  if (typeof cell !== 'string') return false
  // decimals know no currency, numbers no zeros at their beginning
  if (native === 'money') return back === cell.replaceAll(/[$,]/g, '')
  if (native.startsWith('bit varying')) return typeof back === 'string' && Number(`0b0${cell}`) === Number(`0b0${back}`)
  if (native === 'interval') return cell.endsWith('infinity') && back === null
  return cell.startsWith('[') && cell.includes(']={') && Array.isArray(back)
}

type Format = ReturnType<ReturnType<typeof json>['create']>

/** A cell that came back as another one. */
interface Changed {
  readonly native: string
  readonly cell: Cell
  readonly back: Cell
}

/** Writes and reads every row, and gives the cells that came back changed. */
async function changed({ table, snapshot, deleted }: Seen, format: Format): Promise<Changed[]> {
  const [encoder, decoder] = [await format.encoder(table), await format.decoder(table)]
  const found: Changed[] = []
  for (const change of [...snapshot.values(), ...deleted.values()]) {
    const [record] = encoder.encode(change)
    const [again] = decoder.decode(bytes(record!.key), bytes(record!.value)).filter(isRowChange)
    const [row, back] = [change, again!].map((one) => (one.kind === 'delete' ? before(one) : after(one)))
    for (const [i, { native }] of table.columns.entries()) {
      if (!isDeepStrictEqual(row![i], back![i])) found.push({ native, cell: row![i], back: back![i] })
    }
  }
  return found
}

const bytes = (part: string | Uint8Array | null) => (part === null ? null : Buffer.from(part as string))

function after(change: RowChange): Row {
  if (change.kind === 'delete') throw new Error('A delete has no row after it.')
  return change.after
}

function before(change: RowChange): Row {
  if (change.kind !== 'delete') throw new Error('Not a delete.')
  return change.before
}

/** The cells of a row but its id, by name and type, so that a difference says what it is in. */
function cells(table: Table, row: Row): Record<string, Cell> {
  return Object.fromEntries(table.columns.map(({ name, native }, i) => [`${name} ${native}`, row[i]]).slice(1))
}
