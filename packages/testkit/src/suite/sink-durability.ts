import type { Row, SinkCapabilities, Table } from '@cdc/core'
import { sinkLaws as law } from '../laws/sink-laws.ts'
import { same, sameRows, that } from './expect.ts'
import type { Case } from './runner.ts'
import { positionOf, type SinkBench } from './sink-bench.ts'
import type { SinkDeclared } from './sink-fixture.ts'
import { events, item, items } from './sink-tables.ts'

type SinkCase = Case<SinkDeclared, SinkBench>

const insert = (table: Table, after: Row) => ({ kind: 'insert', table, after }) as const
const readable = ({ read }: SinkDeclared) => read
const remembers = ({ read, capabilities }: SinkDeclared) => read && capabilities.remembers

/** What is durable when, and what the sink says about it. */
export const durabilityCases: readonly SinkCase[] = [
  {
    law: law['SINK-DECLARED'],
    name: 'the configured sink says of itself what the suite was told',
    async run({ fixture }, { capabilities }) {
      const shown = (all: SinkCapabilities) =>
        Object.entries(all)
          .map(([name, value]) => `${name}: ${value}`)
          .sort()
          .join(', ')
      same(shown(fixture.sink.capabilities), shown(capabilities), 'What it declares')
    },
  },
  {
    law: law['SINK-DECLARED'],
    name: 'position() is there if and only if it remembers',
    async run(bench, { capabilities }) {
      const feeder = await bench.start()
      const there = typeof feeder.sink.position === 'function'
      // a sink that remembers in some configurations only may have the method in all of them
      that(there || !capabilities.remembers, 'It declares that it remembers, but has no position().')
    },
  },
  {
    law: law['SINK-FLUSH-DURABLE'],
    name: 'rows can be read when flush has resolved, and still after close',
    when: readable,
    async run(bench) {
      const feeder = await bench.start()
      await feeder.apply([[insert(items, item(1))]], 1)
      sameRows(await bench.rows(items), [item(1)], 'After the first flush the table')
      await feeder.write([[insert(items, item(2))]], 2)
      await feeder.write([[insert(items, item(3))]], 3)
      await feeder.flush(3)
      sameRows(await bench.rows(items), [item(1), item(2), item(3)], 'After the second flush the table')
      await feeder.close()
      sameRows(await bench.rows(items), [item(1), item(2), item(3)], 'After close the table')
    },
  },
  {
    law: law['SINK-POSITION'],
    name: 'it is undefined at first, and the last flushed one after every reopening',
    when: ({ capabilities }) => capabilities.remembers,
    async run(bench) {
      const first = await bench.start()
      same(first.stood, undefined, 'The position of a fresh target')
      await first.apply([[insert(items, item(1))]], 1)
      await first.apply([[insert(items, item(2))]], 2)
      await first.close()
      const second = await bench.start()
      same(second.stood, positionOf(2), 'The position after reopening')
      await second.write([[insert(items, item(3))]], 3)
      await second.close()
      same((await bench.start()).stood, positionOf(2), 'The position after a write that was not flushed')
    },
  },
  {
    law: law['SINK-REMEMBERS-ATOMIC'],
    name: 'what was written and not flushed is not to be seen, before close and after it',
    when: remembers,
    async run(bench) {
      const feeder = await bench.start()
      await feeder.apply([[insert(items, item(1))]], 1)
      await feeder.write([[insert(items, item(2))]], 2)
      await feeder.write([[insert(items, item(3))], [insert(items, item(4))]], 4)
      sameRows(await bench.rows(items), [item(1)], 'Before flush the table')
      await feeder.close()
      sameRows(await bench.rows(items), [item(1)], 'After close without flush the table')
    },
  },
  {
    law: law['SINK-OPEN-HIDDEN'],
    name: 'the batches of an open transaction are not to be seen, and are dropped by close',
    when: remembers,
    async run(bench) {
      const feeder = await bench.start()
      await feeder.apply([[insert(items, item(1))]], 1)
      const [changes] = feeder.changes([Array.from({ length: 6 }, (_, i) => insert(items, item(10 + i)))])
      await feeder.writeChanges(changes!.slice(0, 3), undefined)
      await feeder.writeChanges(changes!.slice(3, 5), undefined)
      sameRows(await bench.rows(items), [item(1)], 'In the open transaction the table')
      await feeder.close()
      sameRows(await bench.rows(items), [item(1)], 'After close the table')
    },
  },
  {
    law: law['SINK-ATOMIC-TABLES'],
    name: 'an unfinished table is gone after close, and the finished one before it is there',
    when: ({ read, capabilities }) => read && capabilities.atomicTables,
    async run(bench, { capabilities }) {
      const feeder = await bench.start()
      await feeder.writeTable(items, [item(1), item(2)], 1)
      await feeder.flush(1)
      const next = capabilities.keyless === 'append' ? events : items
      const rows: Row[] =
        capabilities.keyless === 'append'
          ? [
              [1n, 'a'],
              [2n, 'b'],
            ]
          : [item(8), item(9)]
      const before = await bench.rows(next)
      await feeder.writeTable(next, rows)
      await feeder.flush()
      await feeder.writeTable(next, rows)
      await feeder.flush()
      await feeder.close()
      sameRows(await bench.rows(next), before, 'The unfinished table')
      sameRows(await bench.rows(items), [item(1), item(2)], 'The finished table')
    },
  },
  {
    law: law['SINK-EARLY-FLUSH'],
    name: 'a keyed table that is begun again after a flush in its middle has each row once',
    when: readable,
    run: (bench) => beginAgain(bench, items, [item(1), item(2), item(3)]),
  },
  {
    law: law['SINK-EARLY-FLUSH'],
    name: 'a table without a key that is begun again has each row once',
    when: ({ read, capabilities }) =>
      read && capabilities.keyless === 'append' && (capabilities.remembers || capabilities.atomicTables),
    run: (bench) =>
      beginAgain(bench, events, [
        [1n, 'a'],
        [2n, 'b'],
        [3n, 'b'],
      ]),
  },
  {
    law: law['SINK-EARLY-FLUSH'],
    name: 'it does not move the position',
    when: ({ capabilities }) => capabilities.remembers,
    async run(bench) {
      const feeder = await bench.start()
      await feeder.writeTable(items, [item(1)])
      await feeder.flush()
      await feeder.close()
      same((await bench.start()).stood, undefined, 'The position')
    },
  },
  {
    law: law['SINK-EMPTY'],
    name: 'empty batches and flushes without a write are taken, and move the position',
    async run(bench, { capabilities, read }) {
      const feeder = await bench.start()
      await feeder.flush()
      await feeder.write([], 1)
      await feeder.flush(1)
      await feeder.apply([[insert(items, item(1))]], 2)
      await feeder.write([], 3)
      await feeder.write([], 4)
      await feeder.flush(4)
      await feeder.close()
      if (read) sameRows(await bench.rows(items), [item(1)], 'The table')
      if (capabilities.remembers) same((await bench.start()).stood, positionOf(4), 'The position')
    },
  },
]

async function beginAgain(bench: SinkBench, table: Table, rows: readonly Row[]): Promise<void> {
  const first = await bench.start()
  await first.writeTable(table, rows.slice(0, 2))
  await first.flush()
  await first.close()
  const second = await bench.start()
  await second.writeTable(table, rows.slice(0, 1))
  await second.flush()
  await second.writeTable(table, rows.slice(1), 1)
  await second.flush(1)
  sameRows(await bench.rows(table), rows, 'The table')
}
