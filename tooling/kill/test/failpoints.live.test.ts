import { sharedPostgres } from '@cdc/servers'
import { expect, test } from 'vitest'
import { failpointList } from '../../../apps/cdc/src/failpoint-list.ts'
import { namesOf } from '../src/reachable.ts'
import { everywhere, failAtEach, hangAt } from '../src/run-failpoints.ts'

const { both, table } = everywhere

test('two pipelines pass every failpoint of the list', () => {
  const passed = new Set([...namesOf(both), ...namesOf(table)])
  expect([...passed].toSorted()).toEqual(failpointList.map(([name]) => name).toSorted())
})

test.concurrent.each([
  ['two sinks and state in a directory', both],
  ['one sink and state in PostgreSQL', table],
])(
  'with %s, a fault at every failpoint is got over and nothing is lost or repeated',
  async (_, plan) => {
    expect(await failAtEach(plan, namesOf(plan), await sharedPostgres(15))).toBeUndefined()
  },
  600_000,
)

/** The others in `pnpm test:kill --hangs`: each takes a process of its own. */
const some = [
  'state.open',
  'checkpoint.load',
  'connection.authenticate',
  'slot.created',
  'snapshot.chunk',
  'stream.batch',
  'sink.write',
  'sink.commit',
  'checkpoint.fsync',
  'acknowledge',
]
// they mostly wait for deadlines, so side by side
test.concurrent.each(some)(
  'a process that hangs at %s ends when it is asked to',
  async (name) => {
    expect(await hangAt(both, name, await sharedPostgres(15))).toBeUndefined()
  },
  600_000,
)
