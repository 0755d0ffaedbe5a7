import { type Batch, CdcError, type Change, type Position, tableName } from '@cdc/core'
import { isTableEdit } from '../edit.ts'
import { sourceLaws as law } from '../laws/source-laws.ts'
import { failure, ofKind, same, sameRows, that } from './expect.ts'
import type { Case } from './runner.ts'
import {
  applyChanges,
  changeKey,
  emptyModel,
  type Reader,
  type Run,
  type SourceBench,
  tableChanges,
} from './source-bench.ts'
import type { SourceDeclared } from './source-fixture.ts'
import { checkContains, checkOrder, checkParts, placesOf } from './source-position-checks.ts'
import { events, items, pairs } from './source-tables.ts'

type SourceCase = Case<SourceDeclared, SourceBench>

/** Positions: as texts, as an order, as places to go on from. */
export const positionCases: readonly SourceCase[] = [
  {
    law: law['SOURCE-POSITION-TEXT'],
    name: 'every position is a text that survives JSON and can be described',
    async run(bench) {
      const { batches } = await bench.run()
      for (const { position } of placesOf(batches)) {
        const ok =
          typeof position === 'string' && position !== '' && position.isWellFormed() && !position.includes('\0')
        that(ok, 'A position is no well-formed text.')
        const text = bench.positions.describe(position)
        that(typeof text === 'string' && text !== '', 'A position has no description.')
      }
    },
  },
  {
    law: law['SOURCE-POSITION-ORDER'],
    name: 'compare, lowest and merge agree with the order of emission',
    async run(bench) {
      checkOrder(
        bench.positions,
        placesOf((await bench.run()).batches).map(({ position }) => position),
      )
    },
  },
  {
    law: law['SOURCE-POSITION-ORDER'],
    name: 'parts, where positions have them, make up the whole and move with it',
    async run(bench) {
      checkParts(
        bench.positions,
        placesOf((await bench.run()).batches).map(({ position }) => position),
      )
    },
  },
  {
    law: law['SOURCE-POSITION-ORDER'],
    name: 'contains says of every change whether it came before the position',
    when: ({ write }) => write,
    async run(bench) {
      checkContains(bench.positions, (await bench.run()).batches)
    },
  },
  {
    law: law['SOURCE-POSITION-RESUME'],
    name: 'the rest comes after each position',
    when: ({ resume }) => resume,
    async run(bench, { resumes, write }) {
      const run = await bench.run()
      // something to come after the last position that is tried
      const mark = write ? await bench.mark() : undefined
      if (mark !== undefined && !bench.declared.bounded) await run.reader.untilMark(mark)
      await run.reader.close()
      const places = placesOf(run.batches).slice(0, -1)
      const step = Math.max(1, Math.ceil(places.length / resumes))
      for (let i = 0; i < places.length; i += step)
        await checkResume(bench, run, places[i]!.position, places[i]!.batch, mark)
    },
  },
  {
    law: law['SOURCE-FOREIGN-POSITION'],
    name: 'texts of another origin are refused',
    async run(bench) {
      for (const text of ['this is no position', '{}', '']) {
        const reader = await bench.start(text)
        const failed = await failure(reader.next('Reading from a foreign position'))
        that(failed !== undefined, 'Reading from a foreign position went on.')
        that(CdcError.is(failed.error), `A foreign position failed without a code: ${failed.error}`)
      }
    },
  },
  {
    law: law['SOURCE-HISTORY-LOST'],
    name: 'the log after the position is gone',
    when: ({ write, loseHistory }) => write && loseHistory,
    async run(bench) {
      const first = await bench.startSettled()
      await bench.commit({ kind: 'insert', table: items, after: [1, 'a', null] })
      const { position } = await first.untilMark(await bench.mark())
      await first.close()
      await bench.commit({ kind: 'insert', table: items, after: [2, 'b', null] })
      await bench.fixture.loseHistory!()
      const next = await bench.start(position)
      const failed = await failure(next.next('Reading after the history was lost'))
      that(failed !== undefined, 'Reading went on.')
      ofKind(failed.error, ['history-lost'], 'Reading')
    },
  },
  {
    law: law['SOURCE-OVERLAP'],
    name: 'a restart in the snapshot, with changes since it began',
    when: ({ write, snapshot, resume }) => write && snapshot && resume,
    async run(bench) {
      const { first, position } = await stopInSnapshot(bench)
      if (position === undefined) return
      const later = [
        { kind: 'update', table: items, before: [1, 'a', null], after: [1, 'b', 'n'] },
        { kind: 'insert', table: pairs, after: ['new', 'x', 9n] },
        { kind: 'delete', table: items, before: [2, 'a', null] },
        { kind: 'insert', table: events, after: [3n, 'late'] },
      ] as const
      for (const edit of later) await bench.commit(edit)
      const contained = bench.positions.contains(position, true)
      const model = applyChanges(emptyModel(), first.changes().filter(contained)).clone()
      for (const overlap of [true, false]) {
        const reader = await bench.start(position, { overlap })
        await reader.next()
        await reader.untilMark(await bench.mark())
        const known = bench.positions.contains(endOfSnapshot(reader.batches, position), true)
        const streamed = tableChanges(reader.changes()).filter(({ origin }) => origin.snapshot === undefined)
        if (overlap) {
          const kinds = later.filter(isTableEdit).map((edit) => `${edit.kind} ${tableName(edit.table)}`)
          same(
            streamed.map((change) => `${change.kind} public.${change.table.name}`),
            kinds,
            'With overlap, the stream',
          )
        } else that(!streamed.some(known), 'Without overlap, the stream has a change that the snapshot holds.')
        const kept = reader.changes().filter((change) => change.origin.snapshot !== undefined || !known(change))
        const end = applyChanges(model.clone(), kept)
        sameRows(end.rows(items), [[1, 'b', 'n']], `With overlap ${overlap}, ${items.name}`)
        sameRows(
          end.rows(pairs),
          [
            ['p', 'a', 1n],
            ['new', 'x', 9n],
          ],
          `With overlap ${overlap}, ${pairs.name}`,
        )
        sameRows(
          end.rows(events),
          [
            [1n, 'e'],
            [3n, 'late'],
          ],
          `With overlap ${overlap}, ${events.name}`,
        )
        await reader.close()
      }
    },
  },
  {
    law: law['SOURCE-KEEPALIVE'],
    name: 'the log moves on while the tables are idle',
    when: ({ idle }) => idle,
    async run(bench) {
      const reader = await bench.startSettled()
      const first = reader.batches.at(-1)!.position!
      await bench.fixture.idle!()
      const moved = ({ changes, position }: Batch) =>
        changes.length === 0 && position !== undefined && bench.positions.compare(first, position) === -1
      await reader.until(moved, 'an empty batch with a later position')
    },
  },
]

/** Rows in all tables, and a reader that was stopped at the first position that leaves some of them to do. */
async function stopInSnapshot(bench: SourceBench): Promise<{ first: Reader; position: Position | undefined }> {
  await bench.commit(
    { kind: 'insert', table: items, after: [1, 'a', null] },
    { kind: 'insert', table: items, after: [2, 'a', null] },
  )
  await bench.commit(
    { kind: 'insert', table: pairs, after: ['p', 'a', 1n] },
    { kind: 'insert', table: events, after: [1n, 'e'] },
  )
  const first = await bench.start()
  const { position } = await first.until((batch) => batch.position !== undefined, 'the first position')
  await first.close()
  return { first, position: bench.isSettled(position) ? undefined : position }
}

/** The last position before the first change of the stream. */
function endOfSnapshot(batches: readonly Batch[], start: Position): Position {
  const streams = batches.findIndex(({ changes }) => changes.some(({ origin }) => origin.snapshot === undefined))
  return batches.slice(0, streams).findLast(({ position }) => position !== undefined)?.position ?? start
}

async function checkResume(
  bench: SourceBench,
  run: Run,
  position: Position,
  at: number,
  mark: number | undefined,
): Promise<void> {
  const where = `After position ${at + 1} of ${run.batches.length} (${bench.positions.describe(position)})`
  const reader = await bench.start(position)
  const rest = run.batches.slice(at + 1).flatMap(({ changes }) => changes)
  const exact = bench.isSettled(position) || mark === undefined
  if (!exact) {
    // the last mark is in the snapshot that is read now, so another one tells where its stream has got to
    await reader.next()
    await reader.untilMark(await bench.mark())
  } else if (mark !== undefined) await reader.untilMark(mark)
  else if (bench.declared.bounded) await reader.untilEnd()
  else {
    const wanted = rest.filter(({ kind }) => kind !== 'schema').length
    await reader.until(() => reader.changes().filter(({ kind }) => kind !== 'schema').length >= wanted, 'the rest')
  }
  await reader.close()
  if (exact) sameList(reader.changes(), rest, where)
  else {
    const contained = bench.positions.contains(position, true)
    const before = run.batches.slice(0, at + 1).flatMap(({ changes }) => changes)
    const model = applyChanges(applyChanges(emptyModel(), before.filter(contained)), reader.changes())
    const whole = applyChanges(
      emptyModel(),
      run.batches.flatMap(({ changes }) => changes),
    )
    for (const table of [items, pairs, events])
      sameRows(model.rows(table), whole.rows(table), `${where}, ${table.name}`)
  }
}

function sameList(actual: readonly Change[], expected: readonly Change[], where: string): void {
  const keys = (changes: readonly Change[]) => changes.filter(({ kind }) => kind !== 'schema').map(changeKey)
  const [a, e] = [keys(actual), keys(expected)]
  const differs = e.findIndex((key, index) => key !== a[index])
  that(differs < 0, `${where}, change ${differs + 1} is: ${a[differs]}, instead of: ${e[differs]}`)
}
