import { CdcError } from '@cdc/core'
import { postgresVersions, sharedPostgres, startProxy, waitFor } from '@cdc/servers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSlot, dropSlot, ReplicationStream, Session } from '../src/index.ts'
import { damages, sizes } from './damage.ts'
import { damaged, pieces, readStream } from './read-stream.ts'
import type { Call } from './record.ts'
import { reach } from './server.ts'

/** What a stream of this version sends for changes of all kinds, as it came from the socket. */
async function record(version: (typeof postgresVersions)[number]): Promise<Buffer> {
  const server = await sharedPostgres(version)
  const slot = await server.createDatabase('bytes')
  const session = await Session.open(reach(server, { database: slot }))
  await using proxy = await startProxy(server)
  const chunks: Buffer[] = []
  let streaming = false
  proxy.watch(() => (direction, piece) => {
    if (direction === 'up' && piece.includes('START_REPLICATION')) streaming = true
    else if (direction === 'down' && streaming) chunks.push(Buffer.from(piece))
    return undefined
  })
  await session.query(`CREATE TYPE public.mood AS ENUM ('sad', 'happy');
    CREATE TABLE public.t (id int PRIMARY KEY, n numeric, s text, m public.mood, at timestamptz); CREATE TABLE public.u (id int);
    CREATE PUBLICATION pub FOR TABLE public.t, public.u`)
  await (await createSlot(reach(server, { database: slot }), { name: slot })).release()
  await session.query(
    `INSERT INTO public.t SELECT i, i / 3.0, repeat('é', i), 'happy', now() FROM generate_series(1, 40) i`,
  )
  await session.query(`UPDATE public.t SET s = 'x' WHERE id < 10`)
  await session.query('UPDATE public.t SET id = id + 1000 WHERE id > 30')
  await session.query('DELETE FROM public.t WHERE id BETWEEN 10 AND 20')
  if (version >= 11) await session.query('TRUNCATE public.t, public.u')
  await session.query(
    `ALTER TABLE public.t ADD more text; INSERT INTO public.t VALUES (5000, NULL, NULL, NULL, NULL, 'last one')`,
  )
  const options = { ...reach(server, { database: slot }), host: proxy.host, port: proxy.port }
  const stream = await ReplicationStream.start(options, { slot, start: 0n, publications: ['pub'] })
  try {
    await waitFor(async () => {
      await stream.read()
      return Buffer.concat(chunks).includes('last one')
    })
  } finally {
    await stream.close()
    await dropSlot(session, slot, { force: true })
    await session.close()
  }
  return Buffer.concat(chunks)
}

describe.each(postgresVersions)('what PostgreSQL %i has sent', async (version) => {
  const bytes = await record(version)

  test('means the same wherever it is cut', () => {
    const whole = readStream([bytes])
    const names = new Set(whole.map(([name]) => name))
    for (const name of ['started', 'begin', 'relation', 'insert', 'update', 'delete', 'commit'])
      expect(names).toContain(name)
    if (version >= 11) expect(names).toContain('truncate')
    expect(whole.at(-1)).toEqual(['rest', 0])
    expect(readStream(pieces(bytes, [1]))).toEqual(whole)
    fc.assert(
      fc.property(sizes, (cuts) => {
        expect(readStream(pieces(bytes, cuts))).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  test('is read or refused with a code when it is damaged', () => {
    fc.assert(
      fc.property(damages, sizes, (changes, cuts) => {
        const bad = damaged(bytes, changes)
        expect(outcome(pieces(bad, cuts))).toEqual(outcome([bad]))
      }),
      { numRuns: 150 },
    )
  })

  test('is never taken for whole when its end is missing', () => {
    const whole = readStream([bytes])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
        const calls = readStream([Buffer.from(bytes.subarray(0, length))])
        expect(calls.slice(0, -1)).toEqual(whole.slice(0, calls.length - 1))
        expect(calls.length - 1).toBeLessThan(whole.length - 1)
      }),
      { numRuns: 100 },
    )
  })
})

function outcome(chunks: Buffer[]): Call[] | 'refused' {
  try {
    return readStream(chunks, 2 ** 20)
  } catch (error) {
    if (!CdcError.is(error) || error.code === 'UNEXPECTED') throw error
    return 'refused'
  }
}
