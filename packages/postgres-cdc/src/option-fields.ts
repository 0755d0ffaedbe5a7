import { choice, decimal, duration, flag, integer, type OptionValues, prefix, text } from '@cdc/core'

export const startupModes = ['initial', 'latest-offset', 'snapshot', 'committed-offset'] as const
export type StartupMode = (typeof startupModes)[number]
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** The options that decide what is read and from where; the names, types and defaults are those of Flink's postgres-cdc. */
export const fields = {
  hostname: text({
    doc: 'Name or address of the server.',
    required: true,
    example: 'localhost',
    aliases: ['debezium.database.hostname'],
  }),
  port: integer({ doc: 'Its port.', default: 5432, aliases: ['debezium.database.port'] }, { min: 1, max: 65535 }),
  username: text({
    doc: 'The role to connect as; it needs REPLICATION and SELECT on the tables.',
    required: true,
    example: 'cdc',
    aliases: ['debezium.database.user'],
  }),
  password: text({
    doc: 'Its password.',
    required: true,
    secret: true,
    env: 'PGPASSWORD',
    aliases: ['debezium.database.password'],
  }),
  'database-name': text({
    doc: 'The one database to read.',
    required: true,
    example: 'shop',
    aliases: ['debezium.database.dbname'],
  }),
  'schema-name': text({
    doc: 'Regular expression (or a comma list of them) that whole names of schemas must match, without regard to case.',
    required: true,
    example: 'public',
  }),
  'table-name': text({
    doc: 'The same for names of tables. A part with an escaped dot (`public\\.orders`) is matched against `schema.table`.',
    required: true,
    example: '(products|documents)',
  }),
  'slot.name': text({
    doc: 'Replication slot: a-z, 0-9 and _, at most 63. Default `cdc_<name of the pipeline>`, other characters as _. Made when missing, kept when the pipeline stops.',
    example: 'cdc_shop',
    aliases: ['debezium.slot.name'],
  }),
  'decoding.plugin.name': text({
    doc: 'Output plug-in: only `pgoutput`, which every server has.',
    default: 'pgoutput',
    aliases: ['debezium.plugin.name'],
  }),
  'scan.startup.mode': choice(startupModes, {
    doc: '`initial`: snapshot, then every change after it. `latest-offset`: changes from now on. `snapshot`: the snapshot alone, then the pipeline ends. `committed-offset`: changes from where the slot stands.',
    default: 'initial',
  }),
  'changelog-mode': choice(['all', 'upsert'], {
    doc: '`all`: updates and deletes with the old row as far as the server sends it. `upsert`: old rows may be keys only, and every table needs a key.',
    default: 'all',
  }),
  'heartbeat.interval.ms': duration({
    doc: 'How often an idle database is given something to log, so that the slot moves on. 0: never.',
    default: '30s',
    aliases: ['debezium.heartbeat.interval.ms'],
  }),
  sslmode: choice(sslModes, {
    doc: "libpq's modes. Default `prefer` on loopback, `verify-full` elsewhere.",
    aliases: ['debezium.database.sslmode'],
  }),
  sslrootcert: text({
    doc: 'File with the certificates to trust (PEM), or `system`.',
    aliases: ['debezium.database.sslrootcert'],
  }),
  sslcert: text({ doc: 'File with the client certificate (PEM).', aliases: ['debezium.database.sslcert'] }),
  sslkey: text({ doc: 'File with its key (PEM).', aliases: ['debezium.database.sslkey'] }),
  sslpassword: text({ doc: 'Password of the key.', secret: true, aliases: ['debezium.database.sslpassword'] }),
  'connect.timeout': duration({ doc: 'For one attempt to connect.', default: '30s' }, { min: 250 }),
  'query.timeout': duration({
    doc: 'For one statement, the reading of tables aside. Past it the connection is given up and made again. 0: no limit.',
    default: '60s',
    aliases: ['debezium.database.query.timeout.ms'],
  }),
  'scan.snapshot.silence-timeout': duration({
    doc: 'How long the server may send nothing while a table is read, before the connection is given up and made again. 0: no limit.',
    default: '30min',
  }),
  'scan.stream.silence-timeout': duration({
    doc: 'The same for the stream of changes. At half of it the server is asked for a sign of life. 0: no limit.',
    default: '5min',
  }),
  'scan.snapshot.parallelism': integer(
    { doc: 'Sessions that read the snapshot side by side.', default: 4, aliases: ['debezium.snapshot.max.threads'] },
    { min: 1, max: 64 },
  ),
  'scan.include-partitioned-tables.enabled': flag({
    doc: 'Partitioned tables are read as one table through their root (Flink: false). `false`: partitions are tables of their own.',
    default: true,
  }),
  'scan.incremental.snapshot.enabled': flag({
    doc: 'Accepted, without effect: the snapshot is always parallel, free of locks and goes on after a restart.',
    default: false,
  }),
  'scan.incremental.snapshot.chunk.size': integer(
    { doc: 'Accepted, without effect: tables are cut into ranges of blocks.', default: 8096 },
    { min: 2 },
  ),
  'scan.incremental.snapshot.chunk.key-column': text({
    doc: 'Accepted, without effect: ranges of blocks need no key.',
  }),
  'chunk-key.even-distribution.factor.upper-bound': decimal(
    {
      doc: 'Accepted, without effect: ranges of blocks need no key.',
      default: 1000,
      aliases: ['split-key.even-distribution.factor.upper-bound'],
    },
    { min: 1 },
  ),
  'chunk-key.even-distribution.factor.lower-bound': decimal(
    {
      doc: 'Accepted, without effect: ranges of blocks need no key.',
      default: 0.05,
      aliases: ['split-key.even-distribution.factor.lower-bound'],
    },
    { min: 0, max: 1 },
  ),
  'chunk-meta.group.size': integer(
    { doc: 'Accepted, without effect: there is no coordinator to send pieces to.', default: 1000 },
    { min: 2 },
  ),
  'scan.snapshot.fetch.size': integer(
    { doc: 'Accepted, without effect: rows come through COPY, bounded by bytes.', default: 1024 },
    { min: 2 },
  ),
  'connect.max-retries': integer(
    { doc: 'Accepted, without effect: the pipeline tries again, waiting longer each time.', default: 3 },
    { min: 1 },
  ),
  'connection.pool.size': integer(
    {
      doc: 'Accepted, without effect: one session, one stream, and `scan.snapshot.parallelism` sessions during the snapshot.',
      default: 20,
      aliases: ['connect.pool.size'],
    },
    { min: 2 },
  ),
  'scan.incremental.close-idle-reader.enabled': flag({
    doc: 'Accepted, without effect: sessions of the snapshot are closed when it ends.',
    default: false,
  }),
  'scan.incremental.snapshot.backfill.skip': flag({
    doc: 'Accepted, without effect: there is no backfill, and the hand-over is exact all the same.',
    default: false,
  }),
  'scan.incremental.snapshot.unbounded-chunk-first.enabled': flag({
    doc: 'Accepted, without effect: memory is bounded whatever the order of ranges.',
    default: true,
  }),
  'scan.newly-added-table.enabled': flag({
    doc: 'Only `false`: a table that matches later is left out, with a warning.',
    default: false,
  }),
  'scan.lsn-commit.checkpoints-num-delay': integer(
    { doc: 'Accepted, without effect: the slot moves after each checkpoint, and never before.', default: 3 },
    { min: 0 },
  ),
  'scan.read-changelog-as-append-only.enabled': flag({
    doc: 'Only `false`: changes reach sinks as what they are.',
    default: false,
  }),
  'debezium.*': prefix({ doc: 'Options of Debezium, see the second table.', example: 'dbz_publication' }),
}

export type Fields = typeof fields
export type PostgresCdcValues = OptionValues<Fields>
