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

test('after kill -9 at any moment no record is lost or repeated for a reader of committed ones, and each partition has its order', {
  timeout: 180_000,
}, async () => {
  const broker = await sharedKafka()
  const { bootstrapServers } = broker
  const random = new Random(7)
  const target = () => ({ topic: broker.prefix('killed'), folder: mkdtempSync(join(tmpdir(), 'cdc-kill-')) })
  const job = ({ topic, folder }: ReturnType<typeof target>) => ({
    folder,
    rows,
    sink: {
      topic,
      'properties.bootstrap.servers': bootstrapServers,
      'topic.creation.default.partitions': String(partitions),
      'sink.delivery-guarantee': 'exactly-once',
      'sink.transactional-id-prefix': topic,
      'sink.position-topic': `${topic}.position`,
    },
  })
  const finished = async ({ topic, folder }: ReturnType<typeof target>) => {
    const found = (await readCommitted(bootstrapServers, topic)).map((records) =>
      records.map(({ value }) => Number(JSON.parse(String(value)).id)),
    )
    for (const ids of found) expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(found.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i + 1))
    rmSync(folder, { recursive: true })
  }
  let now = target()
  // each process goes on where the one before was killed, until all rows are there
  for (let killed = 0, round = 0; killed < kills; round++) {
    const name = places[round % places.length]!
    // every fourth time at no place in particular
    const timed = round % 4 === 3
    const child = startChild({ ...job(now), ...(timed ? {} : { failpoint: { name, nth: random.int(1, 4) } }) })
    if (timed) {
      await pause(random.int(400, 1_000))
      child.process.kill('SIGKILL')
    }
    const { signal, said } = await child.ended
    if (signal === 'SIGKILL') killed++
    else {
      expect(said).toBe('done')
      await finished(now)
      now = target()
    }
  }
  expect((await startChild(job(now)).ended).said).toBe('done')
  await finished(now)
})
