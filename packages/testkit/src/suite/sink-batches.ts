import type { Table } from '@cdc/core'
import type { Edit, EditTransaction, TableEdit } from '../edit.ts'
import { type ChangelogFeatures, randomChangelog } from '../generate/changelog.ts'
import { Random } from '../generate/random.ts'
import { sinkLaws as law } from '../laws/sink-laws.ts'
import { Model } from '../model.ts'
import { sameRows } from './expect.ts'
import type { Case } from './runner.ts'
import type { Feeder, SinkBench } from './sink-bench.ts'
import type { SinkDeclared } from './sink-fixture.ts'
import { copies, item, items, pairs } from './sink-tables.ts'

type SinkCase = Case<SinkDeclared, SinkBench>

const readable = ({ read }: SinkDeclared) => read

/** What a random changelog may hold for this sink. */
function features({ capabilities, truncate }: SinkDeclared): ChangelogFeatures {
  const changes = capabilities.accepts !== 'append'
  return {
    updates: changes,
    deletes: changes,
    keyChanges: changes,
    swaps: changes,
    truncates: changes && truncate,
    partial: !capabilities.wholeRows,
  }
}

/** The same changes of another table. */
function onTable(transactions: readonly EditTransaction[], table: Table): EditTransaction[] {
  return transactions.map((edits) => edits.map((edit): Edit => (edit.kind === 'message' ? edit : { ...edit, table })))
}

/** Cuts transactions into batches at random: several whole ones together, large ones in pieces, flushed now and then. */
async function feedCut(feeder: Feeder, transactions: readonly EditTransaction[], random: Random, from: number) {
  let place = from
  for (const group of random.pieces(transactions, 4)) {
    const changes = feeder.changes(group)
    if (group.length === 1 && random.chance(0.7)) {
      const pieces = random.pieces(changes[0]!, 3)
      for (const piece of pieces.slice(0, -1)) await feeder.writeChanges(piece, undefined)
      await feeder.writeChanges(pieces.at(-1)!, ++place)
    } else await feeder.writeChanges(changes.flat(), ++place)
    if (random.chance(0.4)) await feeder.flush(place)
  }
  await feeder.flush(place)
}

/** Rows that are there before, so that a change of each can be the only one of its key. */
function singleChanges(declared: SinkDeclared, random: Random): [EditTransaction, EditTransaction[]] {
  const [table] = copies as [Table]
  const start: TableEdit[] = Array.from({ length: 30 }, (_, id) => ({ kind: 'insert', table, after: item(id) }))
  const changes = random.shuffle(Array.from({ length: 60 }, (_, id) => id)).map((id): TableEdit => {
    if (id >= 30 || declared.capabilities.accepts === 'append') return { kind: 'insert', table, after: item(100 + id) }
    const before = item(id)
    if (id % 3 === 0) return { kind: 'delete', table, before }
    return { kind: 'update', table, before, after: item(id, `changed ${random.int(1, 1e6)}`) }
  })
  return [start, random.pieces(changes, 8)]
}

/** Batches: where they are cut, how much is in them. */
export const batchCases: readonly SinkCase[] = [
  {
    law: law['SINK-ANY-CUT'],
    name: 'one batch a transaction, all in one batch, and cut at random give the same rows',
    when: readable,
    async run(bench, declared) {
      const feeder = await bench.start()
      const random = new Random(1)
      const [start, transactions] = singleChanges(declared, random)
      const [each, whole, cut] = copies as [Table, Table, Table]
      await feeder.apply(
        copies.flatMap((table) => onTable([start], table)),
        1,
      )
      let place = 1
      for (const transaction of onTable(transactions, each)) await feeder.apply([transaction], ++place)
      await feeder.apply(onTable(transactions, whole), ++place)
      await feedCut(feeder, onTable(transactions, cut), random, place)
      const expected = await bench.rows(each)
      sameRows(await bench.rows(whole), expected, 'In one batch, compared with batch by batch, the table')
      sameRows(await bench.rows(cut), expected, 'Cut at random, compared with batch by batch, the table')
    },
  },
  {
    law: law['SINK-REDUCTION'],
    name: 'random changes of few keys, one by one and all in one batch',
    when: readable,
    async run(bench, declared) {
      const feeder = await bench.start()
      const [single, whole] = copies as [Table, Table]
      const model = new Model().apply([{ kind: 'schema', table: single }])
      let place = 0
      for (let seed = 1; seed <= declared.seeds; seed++) {
        const changes = randomChangelog(new Random(seed), {
          tables: [single],
          transactions: 12,
          model,
          ...features(declared),
        })
        for (const edit of changes.flat()) await feeder.apply([[edit]], ++place)
        await feeder.apply(onTable([changes.flat()], whole), ++place)
        const expected = await bench.rows(single)
        sameRows(
          await bench.rows(whole),
          expected,
          `With seed ${seed}, in one batch, compared with one by one, the table`,
        )
      }
    },
  },
  {
    law: law['SINK-EQUALS-SOURCE'],
    name: 'random transactions in random batches',
    when: readable,
    async run(bench, declared) {
      const feeder = await bench.start()
      const tables = [items, pairs]
      const model = new Model().apply(tables.map((table) => ({ kind: 'schema', table }) as const))
      let place = 0
      for (let seed = 101; seed <= 100 + declared.seeds; seed++) {
        const random = new Random(seed)
        const transactions = randomChangelog(random, { tables, transactions: 25, model, ...features(declared) })
        await feedCut(feeder, transactions, random, place)
        place += transactions.length
        for (const table of tables)
          sameRows(await bench.rows(table), model.rows(table), `With seed ${seed}, ${table.name}`)
      }
    },
  },
  {
    law: law['SINK-REPLAY'],
    name: 'a new instance is given the last transactions once more',
    when: ({ read, capabilities }) => read && !capabilities.remembers && capabilities.accepts !== 'append',
    async run(bench, declared) {
      const model = new Model()
      const transactions = randomChangelog(new Random(7), {
        tables: [items],
        transactions: 20,
        model,
        ...features(declared),
        partial: false,
      })
      const first = await bench.start()
      for (const [index, transaction] of transactions.entries()) await first.apply([transaction], index + 1)
      await first.close()
      const second = await bench.start()
      await second.apply(transactions, transactions.length)
      sameRows(await bench.rows(items), model.rows(items), 'The table')
    },
  },
  {
    law: law['SINK-LARGE-BATCH'],
    name: 'one large batch arrives whole',
    async run(bench, { large, read }) {
      const feeder = await bench.start()
      const rows = Array.from({ length: large }, (_, id) => item(id))
      await feeder.apply([rows.map((after) => ({ kind: 'insert', table: items, after }))], 1)
      if (read) sameRows(await bench.rows(items), rows, 'The table')
    },
  },
  {
    law: law['SINK-LARGE-BATCH'],
    name: 'one transaction of many batches arrives whole',
    async run(bench, { large, read }) {
      const feeder = await bench.start()
      const rows = Array.from({ length: large / 4 }, (_, id) => item(id))
      const [changes] = feeder.changes([rows.map((after) => ({ kind: 'insert', table: items, after }))])
      const size = Math.ceil(changes!.length / 50)
      for (let i = 0; i < changes!.length; i += size)
        await feeder.writeChanges(changes!.slice(i, i + size), i + size < changes!.length ? undefined : 1)
      await feeder.flush(1)
      if (read) sameRows(await bench.rows(items), rows, 'The table')
    },
  },
]
