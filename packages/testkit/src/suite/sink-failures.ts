import type { Batch, Row, Table } from '@cdc/core'
import { sinkLaws as law } from '../laws/sink-laws.ts'
import { failure, ofKind, same, sameRows, that } from './expect.ts'
import type { Case } from './runner.ts'
import { positionOf, type SinkBench } from './sink-bench.ts'
import type { SinkDeclared } from './sink-fixture.ts'
import { item, items } from './sink-tables.ts'

type SinkCase = Case<SinkDeclared, SinkBench>

const insert = (table: Table, after: Row) => ({ kind: 'insert', table, after }) as const
const many = (count: number) => Array.from({ length: count }, (_, id) => insert(items, item(id)))

/** What happens when something goes wrong, or is called off. */
export const failureCases: readonly SinkCase[] = [
  {
    law: law['SINK-ABORT'],
    name: 'a write whose signal has aborted already settles, and close works',
    async run(bench) {
      const feeder = await bench.start()
      const batch: Batch = { changes: feeder.changes([many(10)]).flat(), position: positionOf(1), bytes: 1000 }
      await bench.soon(failure(feeder.sink.write(batch, AbortSignal.abort())), 'A write that was called off')
      await feeder.close()
    },
  },
  {
    law: law['SINK-ABORT'],
    name: 'a write and a flush whose signal aborts meanwhile settle, and close works',
    async run(bench, { large }) {
      const feeder = await bench.start()
      const batch: Batch = {
        changes: feeder.changes([many(large / 4)]).flat(),
        position: positionOf(1),
        bytes: large * 25,
      }
      const stop = new AbortController()
      const writing = failure(feeder.sink.write(batch, stop.signal))
      stop.abort()
      const failed = await bench.soon(writing, 'A write that was called off in its middle')
      if (failed === undefined) {
        const flushing = failure(feeder.sink.flush(positionOf(1), stop.signal))
        await bench.soon(flushing, 'A flush that was called off')
      }
      await feeder.close()
    },
  },
  {
    law: law['SINK-CLOSE-AFTER-THROW'],
    name: 'close right after open',
    async run(bench) {
      await (await bench.start()).close()
    },
  },
  {
    law: law['SINK-CLOSE-AFTER-THROW'],
    name: 'close after a batch that cannot be read, and what was not flushed is dropped',
    async run(bench, { capabilities, read }) {
      const feeder = await bench.start()
      await feeder.write([[insert(items, item(1))]], 1)
      const broken: Batch = {
        get changes(): never {
          throw new Error('This batch cannot be read.')
        },
        position: positionOf(2),
        bytes: 1,
      }
      const { signal } = new AbortController()
      const thrown = await bench.soon(
        failure((async () => feeder.sink.write(broken, signal))()),
        'A write of a batch that throws',
      )
      if (thrown === undefined) await bench.soon(failure(feeder.sink.flush(positionOf(2), signal)), 'Its flush')
      await feeder.close()
      const next = await bench.start()
      if (!capabilities.remembers) return
      same(next.stood, undefined, 'The position')
      if (read) sameRows(await bench.rows(items), [], 'The table')
    },
  },
  {
    law: law['SINK-LOST-CONNECTION'],
    name: 'the connection goes between write and flush',
    when: ({ cut, read }) => cut && read,
    async run(bench, { capabilities }) {
      const first = await bench.start()
      await first.apply([[insert(items, item(1))]], 1)
      await first.write([[insert(items, item(2))]], 2)
      await bench.fixture.cut!()
      const failed = await failure(first.flush(2))
      if (failed === undefined) {
        sameRows(await bench.rows(items), [item(1), item(2)], 'After a flush that resolved, the table')
        return
      }
      ofKind(failed.error, ['connection', 'throttled', 'rewind'], 'The flush')
      await first.close()
      const second = await bench.start()
      if (capabilities.remembers) same(second.stood, positionOf(1), 'The position')
      await second.apply([[insert(items, item(2))], [insert(items, item(3))]], 3)
      const expected = [item(1), item(2), item(3)]
      sameRows(await bench.rows(items), expected, 'After a new instance has gone on, the table')
    },
  },
  {
    law: law['SINK-LOST-CONNECTION'],
    name: 'the connection goes in the middle of a transaction',
    when: ({ cut, read, capabilities }) => cut && read && capabilities.remembers,
    async run(bench) {
      const first = await bench.start()
      const [changes] = first.changes([many(4)])
      await first.writeChanges(changes!.slice(0, 2), undefined)
      await bench.fixture.cut!()
      const failed = (await failure(first.writeChanges(changes!.slice(2), 1))) ?? (await failure(first.flush(1)))
      that(failed !== undefined, 'The rest of a transaction was taken whose beginning was lost with the connection.')
      ofKind(failed.error, ['connection', 'throttled', 'rewind'], 'The call after the cut')
      await first.close()
      sameRows(await bench.rows(items), [], 'The table')
    },
  },
  {
    law: law['SINK-ONE-WRITER'],
    name: 'of two instances, the one that was overtaken is refused',
    when: ({ capabilities }) => capabilities.remembers,
    async run(bench, { read, takesOver }) {
      const [earlier, later] = [await bench.start(), await bench.start()]
      const [stays, goes] = takesOver ? [later, earlier] : [earlier, later]
      if (!takesOver) await stays.apply([[insert(items, item(1))]], 1)
      const failed = await failure(goes.apply([[insert(items, item(2))]], 2))
      that(failed !== undefined, 'Both were let write.')
      ofKind(failed.error, ['conflict'], 'The other writer')
      await goes.close()
      if (takesOver) await stays.apply([[insert(items, item(1))]], 1)
      await stays.apply([[insert(items, item(3))]], 3)
      await stays.close()
      if (read) sameRows(await bench.rows(items), [item(1), item(3)], 'The table')
      same((await bench.start()).stood, positionOf(3), 'The position')
    },
  },
  {
    law: law['SINK-BACK-PRESSURE'],
    name: 'writes stop resolving while the target is stalled, and go on afterwards',
    when: ({ stall }) => stall,
    async run(bench, { buffer, read }) {
      const feeder = await bench.start()
      await feeder.apply([[insert(items, item(-1))]], 1)
      const release = await bench.fixture.stall!()
      const [row, size] = [item(0, 'x'.repeat(10_000)), 1_000_000]
      const taken = { batches: 0, stopped: false }
      const writing = (async () => {
        while (!taken.stopped && taken.batches * size <= buffer) {
          const rows = Array.from({ length: 100 }, (_, i) => insert(items, [taken.batches * 100 + i, ...row.slice(1)]))
          await feeder.sink.write(
            { changes: feeder.changes([rows]).flat(), position: positionOf(2), bytes: size },
            new AbortController().signal,
          )
          taken.batches++
          // flushed now and then, as the runtime does it: either may be where it waits
          if (taken.batches % 8 === 0) await feeder.sink.flush(positionOf(2), new AbortController().signal)
        }
      })()
      await quiet(() => taken.batches, writing)
      const held = taken.batches
      taken.stopped = true
      await release()
      await bench.soon(writing, 'The write that waited')
      that(held * size <= buffer, `It took ${held} MB while the target took nothing; the bound is ${buffer} bytes.`)
      await feeder.sink.flush(positionOf(2), new AbortController().signal)
      if (read) same((await bench.rows(items)).length, 1 + taken.batches * 100, 'The number of rows')
    },
  },
]

/** Until a number has not changed for half a second, or the work is done. */
async function quiet(count: () => number, work: Promise<void>): Promise<void> {
  let done = false
  const finish = () => {
    done = true
  }
  const end = work.then(finish, finish)
  for (let seen = -1; !done && seen !== count(); ) {
    seen = count()
    const timer = Promise.withResolvers<void>()
    const handle = setTimeout(timer.resolve, 500)
    await Promise.race([end, timer.promise])
    clearTimeout(handle)
  }
}
