import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sharedKafka } from '@cdc/servers'
import { Random } from '@cdc/testkit'
import { expect, test } from 'vitest'
import { readCommitted } from '../../kafka-client/test/committed.ts'
import { startChild } from './child-process.ts'

/** Every step at which a kill could lose or repeat something. */
const places = ['sink.write', 'sink.flush', 'sink.commit', 'sink.committed', 'checkpoint.save', 'checkpoint.saved']
const rows = 12_000
const partitions = 3
const kills = 10
/** So many at least, or the rows were too few for it. */
const enough = 8

test('after kill -9 at any moment no record is lost or repeated for a reader of committed ones, and each partition has its order', {
  timeout: 180_000,
}, async () => {
  const broker = await sharedKafka()
  const random = new Random(7)
  const topic = broker.prefix('killed')
  const folder = mkdtempSync(join(tmpdir(), 'cdc-kill-'))
  const sink = {
    topic,
    'properties.bootstrap.servers': broker.bootstrapServers,
    'topic.creation.default.partitions': String(partitions),
    'sink.delivery-guarantee': 'exactly-once',
    'sink.transactional-id-prefix': topic,
    'sink.position-topic': `${topic}.position`,
  }
  // each of them goes on where the one before was killed
  let killed = 0
  for (; killed < kills; killed++) {
    const name = places[killed % places.length]!
    // every fourth time at no place in particular
    const timed = killed % 4 === 3
    const job = { folder, rows, sink, ...(timed ? {} : { failpoint: { name, nth: random.int(1, 4) } }) }
    const child = startChild(job)
    if (timed) {
      await pause(random.int(600, 1_200))
      child.process.kill('SIGKILL')
    }
    const { said } = await child.ended
    // what came to its end before it was killed has nothing left to be killed at
    if (said === 'done') break
    expect(said).toBe('')
  }
  expect(killed).toBeGreaterThanOrEqual(enough)
  expect((await startChild({ folder, rows, sink }).ended).said).toBe('done')
  const found = (await readCommitted(broker.bootstrapServers, topic)).map((records) =>
    records.map(({ value }) => Number(JSON.parse(String(value)).id)),
  )
  for (const ids of found) expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  expect(found.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i + 1))
  rmSync(folder, { recursive: true })
})
