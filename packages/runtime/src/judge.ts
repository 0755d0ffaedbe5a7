import { type CdcError, type ConfiguredSource, canFeed, type SinkCapabilities, type Table, tableName } from '@cdc/core'
import { deadLetterError } from './dead-letters/errors.ts'
import { error } from './errors.ts'
import type { NamedSink } from './pipeline.ts'

/** What can be said before anything is opened: can this source feed this sink? */
export function judgeConnectors(source: ConfiguredSource, sink: string, capabilities: SinkCapabilities): void {
  const { accepts } = capabilities
  if (canFeed(source.emits, accepts)) return
  const message = `Source '${source.connector}' gives ${kinds[source.emits]} and sink '${sink}' takes ${kinds[accepts]}.`
  throw error('CHANGELOG_MODE', { message, where: { sink } })
}

/** Does this sink commit the shared source's place itself? */
export function isClaiming(source: ConfiguredSource, { sink }: NamedSink): boolean {
  const { remembers, claims } = sink.capabilities
  return source.shares === true && remembers && claims !== undefined && claims === source.claims
}

/** A source has one place, which one transaction at a time can move. */
export function judgeClaims(source: ConfiguredSource, sinks: readonly NamedSink[]): void {
  const [first, second] = sinks.filter((sink) => isClaiming(source, sink))
  if (second === undefined) return
  const message = `Sinks '${first!.name}' and '${second.name}' would each commit the place of source '${source.connector}', which it shares with other processes.`
  throw error('PLACE_CLAIMED_TWICE', { message, where: { sink: second.name } })
}

/** Can several processes of the pipeline write through this sink side by side? */
export function judgeShared(source: ConfiguredSource, named: NamedSink): void {
  const { name, sink } = named
  const { remembers, shared } = sink.capabilities
  if (!source.shares || !remembers || shared !== 'no' || isClaiming(source, named)) return
  const message = `Source '${source.connector}' is shared with other processes, and sink '${name}' (${sink.connector}) keeps one position for all of it.`
  throw error('SINK_NOT_SHARED', { message, where: { sink: name } })
}

/** Can what it cannot take be set aside, where the user wants that? */
export function judgeTolerance({ name, sink, tolerant }: NamedSink): void {
  if (!tolerant || sink.capabilities.rejects) return
  const message = `Sink '${name}' (${sink.connector}) cannot tell which change it was that failed, so \`errors.tolerance: all\` is not possible.`
  throw deadLetterError('TOLERANCE_UNSUPPORTED', { message, where: { sink: name, option: 'errors.tolerance' } })
}

const kinds = {
  append: 'inserts only',
  upsert: 'upserts and deletes by key',
  retract: 'updates and deletes with whole old rows',
}

/** What depends on the server: judged at every shape of a table, before its first row is written. */
export function judgeTable(source: ConfiguredSource, sink: string, capabilities: SinkCapabilities, table: Table): void {
  if (source.emits === 'append') return
  const fault = faultOf(capabilities, table)
  if (fault !== undefined) throw fault.at({ sink, table: tableName(table) })
}

function faultOf(capabilities: SinkCapabilities, table: Table): CdcError | undefined {
  const { accepts, keyless, wholeRows } = capabilities
  const name = tableName(table)
  // a keyless table that shows whole old rows can be updated, and a sink by key could not follow
  if (table.key.length === 0 && (keyless === 'refuse' || (accepts === 'upsert' && table.identity === 'full')))
    return error('NO_KEY', { message: `Table ${name} has no primary key, and the sink finds rows by key.` })
  if (wholeRows && accepts === 'retract' && table.identity !== undefined && table.identity !== 'full') {
    const hint = `ALTER TABLE ${name} REPLICA IDENTITY FULL;`
    return error('REPLICA_IDENTITY_NOT_FULL', {
      message: `Table ${name} has replica identity ${table.identity}, and the sink needs whole old rows.`,
      hint,
    })
  }
  const shown = table.identity === 'index' ? table.identityColumns : undefined
  const hidden = shown === undefined ? undefined : table.key.find((column) => !shown.includes(column))
  if (accepts === 'upsert' && hidden !== undefined) {
    const message = `Table ${name} has an index as its replica identity, and the index lacks the key's column '${table.columns[hidden]!.name}'.`
    return error('KEY_OUTSIDE_IDENTITY', { message, hint: `ALTER TABLE ${name} REPLICA IDENTITY FULL;` })
  }
  return undefined
}
