import { nearest } from '@cdc/core'

/**
 * What becomes of each option of Debezium's PostgreSQL connector when it is given as `debezium.<name>`.
 *
 * - `works`: as there. - `own`: the same as the option named. - `only`: taken when it says the value named, since this
 * source knows no other way. - `idle`: taken, without effect: why. - `refused`: why.
 */
export type DebeziumOption =
  | { readonly works: string }
  | { readonly own: string }
  | { readonly only: readonly string[]; readonly why: string }
  | { readonly idle: string }
  | { readonly refused: string }

const format = { refused: 'how records look belongs to the format; set `debezium-json.<option>` on the sink' }
const connect = { refused: 'there is no Kafka Connect here' }
const signals = { refused: 'there are no signals: a pipeline is started over with `cdc reset`' }
const queue = { idle: 'batches and memory are bounded in bytes by the pipeline' }
const topics = { refused: 'topics and record names belong to the sink and its format' }
const parameters = { refused: 'schemas have no parameters about the types of the source' }
const masks = {
  refused: 'values are not changed on the way: mask them in the publication (column list) or at the target',
}
const lineage = { refused: 'there is no OpenLineage integration' }
const inTheWay = (own: string) => ({ refused: `use ${own}` })

/** By name without `debezium.`. A name that ends in `*` stands for all that begin so. */
export const debeziumOptions: Readonly<Record<string, DebeziumOption>> = {
  // connection
  name: connect,
  'connector.class': connect,
  'tasks.max': connect,
  'database.hostname': { own: 'hostname' },
  'database.port': { own: 'port' },
  'database.user': { own: 'username' },
  'database.password': { own: 'password' },
  'database.dbname': { own: 'database-name' },
  'database.sslmode': { own: 'sslmode' },
  'database.sslrootcert': { own: 'sslrootcert' },
  'database.sslcert': { own: 'sslcert' },
  'database.sslkey': { own: 'sslkey' },
  'database.sslpassword': { own: 'sslpassword' },
  'database.sslfactory': { refused: 'it names a Java class' },
  'database.tcpKeepAlive': { only: ['true'], why: 'keep-alive is always on' },
  'database.query.timeout.ms': { own: 'query.timeout' },
  'database.connection.factory.class': { refused: 'it names a Java class' },
  'database.initial.statements': {
    refused: 'the settings of a session decide how values look, and are pinned; use ALTER ROLE ... SET for others',
  },
  'connection.validation.timeout.ms': { idle: 'connect.timeout covers it' },
  'read.only': { idle: 'this source writes nothing but its slot, its publication and heartbeats' },
  'topic.prefix': format,
  'database.server.name': format,
  // replication, slot, publication
  'plugin.name': { own: 'decoding.plugin.name' },
  'slot.name': { own: 'slot.name' },
  'slot.drop.on.stop': {
    only: ['false'],
    why: 'a slot that is dropped when the pipeline stops loses every change until the next start; use `cdc slots drop`',
  },
  'slot.failover': { works: 'true: the slot is made with FAILOVER (PostgreSQL 17 and later)' },
  'publication.name': { works: 'default dbz_publication' },
  'publication.autocreate.mode': {
    works: 'default filtered, where Debezium has all_tables: that one needs a superuser',
  },
  'publish.via.partition.root': {
    only: ['true'],
    why: 'a partitioned table is always read as one table, through its root',
  },
  'replica.identity.autoset.values': {
    refused: 'tables of the source are never altered: `cdc doctor` prints the statements',
  },
  'slot.stream.params': { refused: 'the options of pgoutput follow from the version of the server' },
  'slot.max.retries': { works: 'attempts to get a slot that is busy; default 6' },
  'slot.retry.delay.ms': { works: 'milliseconds between them; default 10000' },
  'status.update.interval.ms': {
    idle: 'status goes to the server at a third of its wal_sender_timeout and at least every 10 s, and at once after each acknowledgement',
  },
  'lsn.flush.mode': { only: ['connector'], why: 'only what is durable in every sink is ever acknowledged' },
  'flush.lsn.source': { only: ['true'], why: 'only what is durable in every sink is ever acknowledged' },
  'lsn.flush.timeout.ms': { idle: 'an acknowledgement never waits for the server' },
  'lsn.flush.timeout.action': { idle: 'an acknowledgement never waits for the server' },
  'offset.mismatch.strategy': { refused: 'continuity is proved at every start; nothing is skipped, whatever differs' },
  'internal.slot.seek.to.known.offset.on.start': { refused: 'continuity is proved at every start' },
  'internal.create.slot.command.timeout': { idle: 'the creation of the slot waits 60 s for running transactions' },
  'xmin.fetch.interval.ms': { only: ['0'], why: 'no format writes it' },
  // what is captured
  'schema.include.list': inTheWay('schema-name'),
  'schema.exclude.list': inTheWay('schema-name, as `(?!internal$).*`'),
  'table.include.list': inTheWay('schema-name and table-name'),
  'table.exclude.list': inTheWay('table-name, as `(?!secrets$).*`'),
  'table.ignore.builtin': { only: ['true'], why: 'system tables are not in the log' },
  'column.include.list': { works: 'regular expressions on schema.table.column; columns of the key are always kept' },
  'column.exclude.list': { works: 'regular expressions on schema.table.column; columns of the key are always kept' },
  'snapshot.include.collection.list': { works: 'the other tables are followed from the start of the stream on' },
  'message.prefix.include.list': { works: 'regular expressions on the prefix of logical messages' },
  'message.prefix.exclude.list': { works: 'regular expressions on the prefix of logical messages' },
  'message.key.columns': { works: '`schema.table:column,column;...`, the table as regular expression' },
  'skipped.operations': { works: 'c, u, d, t or none; default none, where Debezium skips TRUNCATE' },
  'skip.messages.without.change': { refused: 'every change is handed on' },
  'column.mask.*': masks,
  'column.truncate.*': masks,
  'column.propagate.source.type': parameters,
  'datatype.propagate.source.type': parameters,
  'guardrail.collections.max': { refused: '`cdc plan` lists the tables before anything is done' },
  'guardrail.collections.limit.action': { refused: '`cdc plan` lists the tables before anything is done' },
  // value encoding
  'decimal.handling.mode': format,
  'time.precision.mode': format,
  'interval.handling.mode': format,
  'hstore.handling.mode': format,
  'binary.handling.mode': format,
  'money.fraction.digits': format,
  'include.unknown.datatypes': {
    only: ['true'],
    why: 'values of any type are handed on, as text where nothing better is known',
  },
  'unavailable.value.placeholder': format,
  'toasted.value.placeholder': format,
  'include.schema.comments': format,
  'schema.refresh.mode': {
    only: ['columns_diff'],
    why: 'with pgoutput it has no effect: the stream brings each change of shape',
  },
  converters: { refused: 'it names Java classes' },
  'post.processors': { refused: 'it names Java classes' },
  'schema.name.adjustment.mode': format,
  'field.name.adjustment.mode': format,
  'sanitize.field.names': {
    refused: 'Debezium has replaced it: set debezium-json.field.name.adjustment.mode on the sink',
  },
  'event.converting.failure.handling.mode': {
    only: ['fail'],
    why: 'values are converted by the format, which has an option of this name',
  },
  'event.deserialization.failure.handling.mode': { only: ['fail'], why: 'nothing is dropped silently' },
  'event.processing.failure.handling.mode': { only: ['fail'], why: 'nothing is dropped silently' },
  'sourceinfo.struct.maker': { refused: 'it names a Java class' },
  'source.struct.version': { refused: 'the `source` block has one shape, that of Debezium 3' },
  // snapshot
  'snapshot.mode': {
    works:
      'initial, exported -> initial; never, no_data -> latest-offset; initial_only -> snapshot; others are refused',
  },
  'snapshot.mode.custom.name': { refused: 'it names a Java class' },
  'snapshot.custom.class': { refused: 'it names a Java class' },
  'snapshot.mode.configuration.based.*': inTheWay('scan.startup.mode'),
  'snapshot.isolation.mode': {
    only: ['repeatable_read', 'serializable'],
    why: 'all tables are read under the one snapshot that the slot exports',
  },
  'snapshot.locking.mode': {
    only: ['none'],
    why: 'a table is locked in ACCESS SHARE mode while it is read, small ones together with their neighbours, and no longer',
  },
  'snapshot.locking.mode.custom.name': { refused: 'it names a Java class' },
  'snapshot.lock.timeout.ms': { idle: 'reading a table waits for ACCESS EXCLUSIVE locks only' },
  'snapshot.query.mode': { only: ['select_all'], why: 'use snapshot.select.statement.overrides' },
  'snapshot.query.mode.custom.name': { refused: 'it names a Java class' },
  'snapshot.select.statement.overrides': { works: 'list of schema.table' },
  'snapshot.select.statement.overrides.*': {
    works: 'the SELECT that the snapshot reads the table with; the stream is not filtered',
  },
  'snapshot.fetch.size': { idle: 'rows come through COPY, bounded by bytes' },
  'snapshot.delay.ms': { refused: 'start the pipeline later' },
  'streaming.delay.ms': { refused: 'start the pipeline later' },
  'snapshot.max.threads': { own: 'scan.snapshot.parallelism' },
  'snapshot.max.threads.multiplier*': { idle: 'tables are cut by size into ranges of blocks' },
  'legacy.snapshot.max.threads': { only: ['false'], why: 'tables are read one after the other, each by all workers' },
  'snapshot.tables.order.by.row.count': { only: ['disabled'], why: 'tables are read in the order of their names' },
  'internal.snapshot.scan.all.columns.force': { refused: 'only the columns that are kept are read' },
  'incremental.snapshot.*': signals,
  'signal.*': signals,
  // delivery, queue, errors
  'max.batch.size': queue,
  'max.queue.size': queue,
  'max.queue.size.in.bytes': queue,
  'poll.interval.ms': { idle: 'a change goes through at once' },
  'poll.dispatch.interval.ms': { idle: 'a change goes through at once' },
  'query.fetch.size': { idle: 'rows come through COPY, bounded by bytes' },
  'queue.provider.type': queue,
  'errors.max.retries': { refused: 'errors are retried by kind, by the pipeline' },
  'retriable.restart.connector.wait.ms': { idle: 'the pipeline waits longer after each failed attempt' },
  'internal.custom.retriable.exception': { refused: 'errors are told apart by their code and never by their text' },
  'tombstones.on.delete': format,
  'heartbeat.interval.ms': { own: 'heartbeat.interval.ms' },
  'heartbeat.action.query': { works: 'run at each heartbeat on a session of its own' },
  'topic.heartbeat.prefix': topics,
  'heartbeat.topics.prefix': topics,
  'topic.heartbeat.name': topics,
  'provide.transaction.metadata': format,
  'transaction.metadata.factory': { refused: 'it names a Java class' },
  'topic.naming.strategy': topics,
  'topic.delimiter': topics,
  'topic.transaction': topics,
  'transaction.topic': topics,
  'topic.cache.size': topics,
  'extended.headers.enabled': format,
  'notification.*': { refused: 'progress is reported to the program that runs the pipeline' },
  'custom.metric.tags': { refused: 'there are no MBeans' },
  'statistics.metrics.enabled': { idle: 'there are no MBeans' },
  'internal.advanced.metrics.enable': { idle: 'there are no MBeans' },
  'executor.shutdown.timeout.ms': { idle: 'the pipeline has its own deadline' },
  'internal.log.position.check.enable': { only: ['true'], why: 'continuity is proved at every start' },
  'internal.offset.activity.monitor.interval.ms': { idle: 'the pipeline reports its lag' },
  'openlineage.*': lineage,
  'custom.sanitize.pattern': { idle: 'secrets are known by their declaration' },
  'schemas.storage.*': { refused: 'shapes of tables are kept in the state of the pipeline' },
  'tables.storage.*': { refused: 'shapes of tables are kept in the state of the pipeline' },
  'schema.history.*': { refused: 'shapes of tables are kept in the state of the pipeline' },
  'database.history.*': { refused: 'shapes of tables are kept in the state of the pipeline' },
  'include.schema.changes': { idle: 'changes of shape always reach the sinks' },
  'truncate.handling.mode': { only: ['include'], why: 'use debezium.skipped.operations: t to leave TRUNCATE out' },
  'driver.*': { refused: 'there is no JDBC driver here' },
  'database.*': { refused: 'there is no JDBC driver here' },
}

/** The entry of an option written without `debezium.`: by its name, else by the longest beginning. */
export function debeziumOption(name: string): DebeziumOption | undefined {
  if (!name.endsWith('*') && Object.hasOwn(debeziumOptions, name)) return debeziumOptions[name]
  const beginning = Object.keys(debeziumOptions)
    .filter((known) => known.endsWith('*') && name.startsWith(known.slice(0, -1)))
    .sort((a, b) => b.length - a.length)[0]
  return beginning === undefined ? undefined : debeziumOptions[beginning]
}

/** Says what is wrong with `debezium.<name> = value`; undefined when it is taken. */
export function debeziumProblem(name: string, value: string): { message: string; hint?: string } | undefined {
  const entry = debeziumOption(name)
  const shown = `Option 'debezium.${name}'`
  if (
    entry === undefined ||
    ('refused' in entry && name.startsWith('database.') && !Object.hasOwn(debeziumOptions, name))
  ) {
    const near = nearest(
      name,
      Object.keys(debeziumOptions).filter((known) => !known.endsWith('*')),
    )
    const message = `${shown} is unknown: Debezium's PostgreSQL connector has none of that name.`
    return near === undefined ? { message } : { message, hint: `Did you mean 'debezium.${near}'?` }
  }
  if ('refused' in entry) return { message: `${shown} is not taken: ${reason(entry.refused, name)}.` }
  if ('only' in entry && !entry.only.includes(value.trim().toLowerCase()))
    return { message: `${shown} can only be ${entry.only.join(' or ')}: ${entry.why}.` }
  return undefined
}

/** The table of the README. */
export function debeziumOptionTable(): string {
  const rows = Object.entries(debeziumOptions).map(([name, entry]) => `| \`${name}\` | ${fate(entry, name)} |`)
  return ['| `debezium.` + | What becomes of it |', '| --- | --- |', ...rows].join('\n')
}

const reason = (text: string, name: string) => text.replace('<option>', name)

function fate(entry: DebeziumOption, name: string): string {
  if ('works' in entry) return `works: ${entry.works}`
  if ('own' in entry) return `the same as \`${entry.own}\``
  if ('only' in entry) return `only ${entry.only.map((value) => `\`${value}\``).join(', ')}: ${entry.why}`
  return 'idle' in entry ? `accepted, without effect: ${entry.idle}` : `refused: ${reason(entry.refused, name)}`
}
