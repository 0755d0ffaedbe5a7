import type { Change, Row } from '@cdc/core'
import { sourceLaws as law } from '../laws/source-laws.ts'
import { failure, same, that } from './expect.ts'
import type { Case } from './runner.ts'
import { changeKey, type SourceBench } from './source-bench.ts'
import type { SourceDeclared } from './source-fixture.ts'
import { items } from './source-tables.ts'

type SourceCase = Case<SourceDeclared, SourceBench>

const insert = (after: Row) => ({ kind: 'insert', table: items, after }) as const
const writable = ({ write }: SourceDeclared) => write

/** Acknowledging, stopping, going on, closing. */
export const lifeCases: readonly SourceCase[] = [
  {
    law: law['SOURCE-ACKNOWLEDGE'],
    name: 'while read is suspended, and then both this instance and the next read on',
    when: writable,
    async run(bench, { resume }) {
      const first = await bench.startSettled()
      await bench.commit(insert([1, 'a', null]))
      const { position } = await first.untilMark(await bench.mark())
      // asked for, and nothing there: the state in which acknowledgements usually come
      const asked = first.ask()
      await bench.soon(first.source.acknowledge(position!), 'acknowledge')
      await bench.commit(insert([2, 'b', null]))
      await bench.soon(asked, 'The batch after an acknowledgement')
      const end = await first.untilMark(await bench.mark())
      await bench.soon(first.source.acknowledge(end.position!), 'The second acknowledge')
      await first.close()
      if (!resume) return
      const next = await bench.start(end.position)
      await bench.commit(insert([3, 'c', null]))
      await next.untilMark(await bench.mark())
      const rows = next
        .changes()
        .flatMap((change) => (change.kind === 'insert' && change.table.name === items.name ? [change.after] : []))
      same(rows, [[3, 'c', null]], 'What the next instance read')
    },
  },
  {
    law: law['SOURCE-ABORT'],
    name: 'the signal aborts while nothing is there to read',
    when: ({ bounded, write }) => !bounded && write,
    async run(bench) {
      const reader = await bench.startSettled()
      await reader.untilMark(await bench.mark())
      const asked = reader.next('Reading after the abort')
      reader.abort()
      // a keepalive may have been on its way
      const left = (await asked) === undefined ? undefined : await reader.next('Reading after the abort')
      that(left === undefined, 'Reading went on after the abort.')
      await reader.close()
    },
  },
  {
    law: law['SOURCE-ABORT'],
    name: 'the signal aborts in the middle of what is there',
    async run(bench) {
      if (bench.declared.write) await bench.commit(...Array.from({ length: 40 }, (_, id) => insert([id, 'a', null])))
      const reader = await bench.start()
      await reader.next()
      await reader.stop()
      await reader.close()
    },
  },
  {
    law: law['SOURCE-SILENT-AFTER-ABORT'],
    name: 'what is asked for after the abort is the end',
    when: writable,
    async run(bench) {
      const reader = await bench.startSettled()
      for (let id = 0; id < 20; id++) await bench.commit(insert([id, 'a', null]), insert([100 + id, 'b', null]))
      await reader.until(({ changes }) => changes.length > 0, 'the first change')
      reader.abort()
      const result = await bench.soon(reader.ask(), 'Reading after the abort')
      that(result.done === true, 'A batch came that was asked for after the abort.')
    },
  },
  {
    law: law['SOURCE-READ-AGAIN'],
    name: 'from an earlier position, on the same instance, twice',
    when: ({ write, resume }) => write && resume,
    async run(bench) {
      const reader = await bench.startSettled()
      const { position } = await reader.untilMark(await bench.mark())
      const from = reader.batches.length
      for (let id = 0; id < 5; id++) await bench.commit(insert([id, 'a', null]), insert([100 + id, 'b', null]))
      const mark = await bench.mark()
      await reader.untilMark(mark)
      const wanted = keysOf(reader.batches.slice(from).flatMap(({ changes }) => changes))
      for (const time of ['first', 'second']) {
        await reader.stop()
        reader.read(position)
        await reader.untilMark(mark)
        same(keysOf(reader.changes()), wanted, `What came when it was read again for the ${time} time`)
      }
    },
  },
  {
    law: law['SOURCE-CLOSE'],
    name: 'right after open',
    async run(bench) {
      await (await bench.open()).close()
    },
  },
  {
    law: law['SOURCE-CLOSE'],
    name: 'after a throw',
    async run(bench) {
      const reader = await bench.start('this is no position')
      await failure(reader.next())
      await reader.close()
    },
  },
  {
    law: law['SOURCE-CLOSE'],
    name: 'while a read is suspended, which ends',
    when: ({ bounded, write }) => !bounded && write,
    async run(bench) {
      const reader = await bench.startSettled()
      await reader.untilMark(await bench.mark())
      const asked = failure(reader.ask())
      await reader.close(false)
      await bench.soon(asked, 'The read that was suspended')
    },
  },
]

const keysOf = (changes: readonly Change[]) => changes.filter(({ kind }) => kind !== 'schema').map(changeKey)
