import { rawOptions, type Section } from './document.ts'
import type { FaultList } from './fault-list.ts'

/** Options that say where a sink writes. Two sinks of one connector that agree in all of them have one target. */
const places = [
  'url',
  'table-name',
  'schema-name',
  'topic',
  'path',
  'sink.file-name',
  'properties.bootstrap.servers',
] as const

/** Finds sinks that share a name, and sinks that write the same tables to the same place. */
export function compareSinks(sinks: readonly Section[], faults: FaultList): void {
  sinks.forEach((sink, index) => {
    for (const other of sinks.slice(0, index)) {
      if (sink.name !== undefined && sink.name === other.name)
        faults.add(
          'DUPLICATE_SINK',
          sink.spot,
          `${sink.path} and ${other.path} are both named '${sink.name}'.`,
          'Give each a name of its own.',
        )
      disagree(other, sink, faults)
    }
  })
}

function disagree(first: Section, second: Section, faults: FaultList): void {
  const target = targetOf(first)
  if (target === undefined || target !== targetOf(second) || !overlap(first.tables, second.tables)) return
  const shared = [first, second].map(({ tables }) => (tables === undefined ? 'all tables' : tables.join(', ')))
  const message = `${second.path} writes ${shared[1]} to the place where ${first.path} writes ${shared[0]}; they would undo or repeat each other.`
  faults.add('SINKS_DISAGREE', second.spot, message, 'Leave one out, or give each a `tables:` of its own.')
}

/** The place that a sink writes to, as text to compare; undefined where its options name none. */
function targetOf(section: Section): string | undefined {
  const raw = rawOptions(section)
  const named = places.map((key) => raw[key])
  if (section.connector === undefined || named.every((value) => value === undefined)) return undefined
  const [url, ...rest] = named
  return JSON.stringify([section.connector.toLowerCase(), placeOf(url), ...rest])
}

/** Host and path of a URL, without parameters and in small letters. */
function placeOf(url: unknown): unknown {
  return typeof url === 'string' ? url.replace(/[?].*$/s, '').replace(/\/\/[^/]*/, (host) => host.toLowerCase()) : url
}

/** Can a table match both? Known for certain where one is a plain name; two different patterns are given the benefit. */
function overlap(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return true
  return a.some((one) => b.some((other) => one === other || matches(one, other) || matches(other, one)))
}

const isPlain = (pattern: string) => /^[\w ]+\\?\.[\w ]+$/.test(pattern)

function matches(pattern: string, name: string): boolean {
  return isPlain(name) && new RegExp(`^(?:${pattern})$`).test(name.replace('\\', ''))
}
