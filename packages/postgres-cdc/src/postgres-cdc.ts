import { defineSource } from '@cdc/core'
import { PostgresAdmin } from './admin.ts'
import { CONNECTOR, environmentOf } from './environment.ts'
import { postgresCdcOptions } from './options.ts'
import { positionRules } from './position.ts'
import { PostgresSource } from './source.ts'
import { WatchSource } from './watch.ts'

/** Reads PostgreSQL tables: a consistent snapshot and every change after it. */
export const postgresCdc = defineSource({
  name: CONNECTOR,
  aliases: ['cdc-postgres'],
  description: 'A consistent snapshot of PostgreSQL tables, and every change after it, from logical replication.',
  options: postgresCdcOptions,
  emits: (values) => (values['changelog-mode'] === 'upsert' ? 'upsert' : 'retract'),
  positions: positionRules,
  create: (values, context) => new PostgresSource(environmentOf(values, context.pipeline), context),
  watch: (values, context) => new WatchSource(environmentOf(values, context.pipeline), context),
  admin: (values, context) => new PostgresAdmin(environmentOf(values, context.pipeline), context),
})
