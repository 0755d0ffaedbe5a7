import {
  choice,
  decimal,
  defineOptions,
  duration,
  flag,
  integer,
  type OptionRule,
  type OptionValues,
  prefix,
  text,
} from '@cdc/core'
import { debeziumOption, debeziumProblem } from './debezium-options.ts'
import { compilePatterns } from './pattern.ts'
import { TEMPORARY_SLOT_PREFIX } from './temporary-slot.ts'

export const startupModes = ['initial', 'latest-offset', 'snapshot', 'committed-offset'] as const
export type StartupMode = (typeof startupModes)[number]
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** The options that decide what is read and from where; the names, types and defaults are those of Flink's postgres-cdc. */
const fields = {
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

type Fields = typeof fields
export type PostgresCdcValues = OptionValues<Fields>
type Rule = OptionRule<Fields>

const plugin: Rule = (values, problem) => {
  const name = values['decoding.plugin.name']
  if (name !== undefined && name.trim().toLowerCase() !== 'pgoutput')
    problem(
      'decoding.plugin.name',
      `Option 'decoding.plugin.name' can only be pgoutput, but is '${name}': other plug-ins must be installed at the server, and the slot would be theirs.`,
      'Leave it out, or write: decoding.plugin.name: pgoutput',
    )
}

const slot: Rule = (values, problem) => {
  const name = values['slot.name']
  if (name === undefined) return
  if (!/^[a-z0-9_]{1,63}$/.test(name))
    problem(
      'slot.name',
      `Option 'slot.name' must be of a-z, 0-9 and _, at most 63 characters, but is '${name}'.`,
      `For example: slot.name: ${slotNameFrom(name)}`,
    )
  else if (name.startsWith(TEMPORARY_SLOT_PREFIX))
    problem(
      'slot.name',
      `Option 'slot.name' must not begin with ${TEMPORARY_SLOT_PREFIX}, the beginning of temporary slots, but is '${name}'.`,
    )
}

const patterns: Rule = (values, problem) => {
  for (const name of ['schema-name', 'table-name'] as const) {
    const value = values[name]
    if (value !== undefined) checkPattern(name, value, problem)
  }
  for (const name of patternLists) {
    const value = values['debezium.*']?.[name]
    if (value !== undefined) checkPattern(`debezium.${name}`, value, problem)
  }
}
const patternLists = [
  'column.include.list',
  'column.exclude.list',
  'snapshot.include.collection.list',
  'message.prefix.include.list',
  'message.prefix.exclude.list',
]

function checkPattern(name: string, value: string, problem: Parameters<Rule>[1]): void {
  try {
    compilePatterns(value)
  } catch (cause) {
    problem(
      name as 'table-name',
      `Option '${name}' is no regular expression: '${value.slice(0, 200)}' ${(cause as Error).message}.`,
      'The whole name must match: `orders|customers`, `order_.*`.',
    )
  }
}

const refusals: Rule = (values, problem) => {
  if (values['scan.newly-added-table.enabled'])
    problem(
      'scan.newly-added-table.enabled',
      "Option 'scan.newly-added-table.enabled' cannot be true yet: tables that match later are left out.",
      'To take a new table in, start over with `cdc reset`.',
    )
  if (values['scan.read-changelog-as-append-only.enabled'])
    problem(
      'scan.read-changelog-as-append-only.enabled',
      "Option 'scan.read-changelog-as-append-only.enabled' cannot be true: an update that is written as an insert cannot be told from one.",
      'Use a format that writes the kind of a change down (debezium-json), or the metadata column row_kind.',
    )
}

const debezium: Rule = (values, problem) => {
  for (const [name, value] of Object.entries(values['debezium.*'] ?? {})) {
    const entry = debeziumOption(name)
    const found = entry !== undefined && 'own' in entry ? undefined : debeziumProblem(name, value)
    if (found !== undefined) problem(`debezium.${name}` as 'debezium.*', found.message, found.hint)
  }
  for (const fault of debeziumFaults(values['debezium.*'] ?? {}, values['scan.startup.mode']))
    problem(fault.option as 'debezium.*', fault.message)
}

/** What is wrong with the values of those that work. */
function* debeziumFaults(given: Readonly<Record<string, string>>, startup: StartupMode | undefined) {
  const fault = (name: string, must: string) => ({
    option: `debezium.${name}`,
    message: `Option 'debezium.${name}' must be ${must}, but is '${given[name]}'.`,
  })
  for (const name of ['slot.max.retries', 'slot.retry.delay.ms'])
    if (given[name] !== undefined && !/^\d{1,9}$/.test(given[name].trim()))
      yield fault(name, 'a whole number of at least 0')
  const autocreate = given['publication.autocreate.mode']
  if (autocreate !== undefined && !autocreateModes.includes(autocreate.trim().toLowerCase()))
    yield fault('publication.autocreate.mode', `one of ${autocreateModes.join(', ')}`)
  const failover = given['slot.failover']
  if (failover !== undefined && !/^(true|false)$/i.test(failover.trim())) yield fault('slot.failover', 'true or false')
  const operations = given['skipped.operations']
  if (operations !== undefined && !/^\s*(none|[cudt](\s*,\s*[cudt])*)\s*$/.test(operations))
    yield fault('skipped.operations', 'none, or a list of c, u, d and t')
  const mode = given['snapshot.mode']
  if (mode !== undefined) {
    const mapped = startupOf(mode)
    if (mapped === undefined)
      yield fault(
        'snapshot.mode',
        `one of ${Object.keys(snapshotModes).join(', ')} (others would take a snapshot over rows that the target has)`,
      )
    else if (startup !== undefined && startup !== 'initial' && startup !== mapped)
      yield fault('snapshot.mode', `left out where scan.startup.mode is '${startup}'`)
  }
  for (const both of ['column', 'message.prefix'])
    if (given[`${both}.include.list`] !== undefined && given[`${both}.exclude.list`] !== undefined)
      yield fault(`${both}.exclude.list`, `left out where debezium.${both}.include.list is given`)
  for (const entry of (given['message.key.columns'] ?? '').split(';'))
    if (entry.trim() !== '' && !/^.+:[^:]+$/.test(entry.trim()))
      yield fault('message.key.columns', 'a list such as `public.orders:region,id;public.log:id`')
  for (const table of (given['snapshot.select.statement.overrides'] ?? '').split(',').map((one) => one.trim()))
    if (table !== '' && given[`snapshot.select.statement.overrides.${table}`] === undefined)
      yield {
        option: 'debezium.snapshot.select.statement.overrides',
        message: `Option 'debezium.snapshot.select.statement.overrides.${table}' is missing: it must hold the SELECT for ${table}.`,
      }
}
const autocreateModes = ['filtered', 'all_tables', 'disabled', 'no_tables']

const snapshotModes: Readonly<Record<string, StartupMode>> = {
  initial: 'initial',
  exported: 'initial',
  initial_only: 'snapshot',
  never: 'latest-offset',
  no_data: 'latest-offset',
}
const startupOf = (mode: string): StartupMode | undefined =>
  Object.hasOwn(snapshotModes, mode.trim().toLowerCase()) ? snapshotModes[mode.trim().toLowerCase()] : undefined

/** Every option of `postgres-cdc`. */
export const postgresCdcOptions = defineOptions(fields, [plugin, slot, patterns, refusals, debezium])

/** The start-up mode, Debezium's `snapshot.mode` taken into account. */
export function startupMode(values: PostgresCdcValues): StartupMode {
  const mode = values['debezium.*']['snapshot.mode']
  return (mode === undefined ? undefined : startupOf(mode)) ?? values['scan.startup.mode']
}

/** The slot: the one named, else `cdc_` and the pipeline's name. */
export function slotName(values: PostgresCdcValues, pipeline: string): string {
  return values['slot.name'] ?? slotNameFrom(`cdc_${pipeline}`)
}

function slotNameFrom(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9_]/g, '_')
      .slice(0, 63) || 'cdc'
  )
}
