import { formatLsn } from '../lsn.ts'
import { quoteIdentifier, quoteLiteral } from '../quote.ts'
import type { StreamOptions } from './stream.ts'

/** START_REPLICATION SLOT: https://www.postgresql.org/docs/current/protocol-replication.html */
export function startReplication(options: StreamOptions, serverVersion: number): string {
  const { slot, start, publications, messages = false, pluginOptions = {} } = options
  const all: Record<string, string> = {
    proto_version: '1',
    publication_names: publications.map(quoteIdentifier).join(','),
    ...(messages && serverVersion >= 140_000 ? { messages: 'true' } : {}),
    ...pluginOptions,
  }
  const list = Object.entries(all).map(([name, value]) => `${quoteIdentifier(name)} ${optionValue(value)}`)
  return `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(start)} (${list.join(', ')})`
}

/** The grammar of replication commands knows no E'' strings, and takes a backslash as it is. */
function optionValue(value: string): string {
  quoteLiteral(value) // refuses a NUL
  return `'${value.replaceAll("'", "''")}'`
}

/** A Query message. */
export function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`, 'utf8')
  const head = Buffer.alloc(5)
  head.write('Q', 'latin1')
  head.writeUInt32BE(text.length + 4, 1)
  return Buffer.concat([head, text])
}
