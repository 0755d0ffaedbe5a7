import { createStatement, editStatement, sampleTypes, sourceConformance } from '@cdc/testkit'
import type { QueryConfig } from 'pg'
import { describe, test } from 'vitest'
import { postgresCdc } from '../src/index.ts'
import { sourceOptions } from './follower.ts'
import { Live, versions } from './live.ts'

describe.each(versions.map((version) => ({ version })))('on PostgreSQL $version', ({ version }) => {
  sourceConformance({
    runner: { describe, test },
    emits: 'retract',
    types: sampleTypes,
    // 10 does not put TRUNCATE into the stream
    can: { alter: true, idle: true, loseHistory: true, truncate: version >= 11 },
    fixture: async (tables) => {
      const live = await Live.of(
        version,
        `CREATE TYPE testkit_mood AS ENUM ('sad', 'o''k', 'very happy'); CREATE TABLE unrelated (i int); ${tables.map(createStatement).join(';')}`,
      )
      const client = await live.server.client(live.database)
      return {
        source: postgresCdc({
          ...sourceOptions(live.server, live.database),
          'table-name': 'testkit_.*',
          'heartbeat.interval.ms': 500,
        }),
        commit: async (edits) => {
          await client.query('BEGIN')
          for (const edit of edits)
            if (edit.kind === 'message')
              await client.query('SELECT pg_logical_emit_message(true, $1, $2::bytea)', [edit.prefix, edit.content])
            else if (edit.kind !== 'schema') await client.query(editStatement(edit) as QueryConfig)
          await client.query('COMMIT')
        },
        alter: async (from, to) => {
          const added = to.columns.at(-1)!
          await client.query(`ALTER TABLE "${from.schema}"."${from.name}" ADD "${added.name}" ${added.native}`)
        },
        idle: async () => void (await client.query('INSERT INTO unrelated SELECT generate_series(1, 1000)')),
        loseHistory: async () => {
          await live.endStreams()
          await live.advanceSlot()
        },
        dispose: async () => {
          await client.end()
          await live[Symbol.asyncDispose]()
        },
      }
    },
  })
})
