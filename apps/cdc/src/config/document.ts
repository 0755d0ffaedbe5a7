import { nearest } from '@cdc/core'
import type { FaultList } from './fault-list.ts'
import { readMetadata, type WrittenMetadata } from './metadata.ts'
import { checkPattern, readRoutes, type WrittenRoute } from './patterns.ts'
import type { Spot } from './problem.ts'
import { type Entry, type MapTree, plain, type Tree } from './tree.ts'

/** A connector as written: its name, and its options without the keys that belong to the file itself. */
export interface Section {
  readonly role: 'source' | 'sink'
  /** `source`, `sink` or `sinks[1]`, for messages. */
  readonly path: string
  readonly connector: string | undefined
  /** Where a missing option is reported: at the connector's name. */
  readonly spot: Spot
  /** The connector's name itself. */
  readonly connectorSpot: Spot
  readonly options: MapTree
  readonly name?: string
  readonly tables?: readonly string[]
  readonly tolerance?: Tolerance
}

/** What a sink may do about a change that it cannot take, in Kafka Connect's words. */
export const tolerances = ['none', 'all'] as const
export type Tolerance = (typeof tolerances)[number]

/** The file of a pipeline, its own keys checked and its connectors not yet looked up. */
export interface PipelineDocument {
  readonly name: string | undefined
  readonly source: Section | undefined
  readonly sinks: readonly Section[]
  readonly metadata: WrittenMetadata
  readonly routes: readonly WrittenRoute[]
  readonly state: { readonly text: string; readonly spot: Spot } | undefined
  readonly plugins: readonly { readonly text: string; readonly spot: Spot }[]
  readonly limits: MapTree | undefined
  readonly metrics: MapTree | undefined
  readonly deadLetters: { readonly text: string; readonly spot: Spot } | undefined
}

export const documentKeys = [
  'name',
  'source',
  'sink',
  'sinks',
  'metadata',
  'routes',
  'state',
  'dead-letters',
  'metrics',
  'plugins',
  'pipeline',
] as const
export const namePattern = /^[a-z0-9][a-z0-9_-]{0,58}$/
const sourceExample = 'For example: source: {connector: datagen, ...}'

/** Reads the keys that belong to the file itself. `suggestion`: a name for a pipeline that has none. */
export function readDocument(tree: Tree, faults: FaultList, suggestion: string): PipelineDocument {
  const map = faults.map(tree, 'The file', 'It begins with: name: shop')
  if (map === undefined) return nothing
  faults.unknownKeys(map, documentKeys, 'at the top of the file')
  const at = (key: (typeof documentKeys)[number]) => map.entries.get(key)
  const [state, plugins, limits] = [at('state'), at('plugins'), at('pipeline')]
  const [metadata, routes] = [at('metadata'), at('routes')]
  const [deadLetters, metrics] = [at('dead-letters'), at('metrics')]
  const stateText = state && faults.text(state.value, 'state')
  const deadLettersText = deadLetters && faults.text(deadLetters.value, 'dead-letters')
  return {
    name: readName(at('name'), map.spot, faults, suggestion),
    source: readSource(at('source'), map.spot, faults),
    sinks: readSinks(at('sink'), at('sinks'), map.spot, faults),
    metadata: metadata === undefined ? {} : readMetadata(metadata.value, faults),
    routes: routes === undefined ? [] : readRoutes(routes.value, faults),
    state: stateText === undefined ? undefined : { text: stateText, spot: state!.value.spot },
    metrics: metrics && faults.map(metrics.value, 'metrics', 'For example: metrics: {port: 9464}'),
    deadLetters: deadLettersText === undefined ? undefined : { text: deadLettersText, spot: deadLetters!.value.spot },
    plugins: plugins === undefined ? [] : faults.texts(plugins.value, 'plugins'),
    limits: limits && faults.map(limits.value, 'pipeline', 'For example: pipeline: {checkpoint-interval: 1s}'),
  }
}

const nothing: PipelineDocument = {
  name: undefined,
  source: undefined,
  sinks: [],
  metadata: {},
  routes: [],
  state: undefined,
  plugins: [],
  limits: undefined,
  metrics: undefined,
  deadLetters: undefined,
}
const startOf = ({ start }: Spot): Spot => ({ start, end: start + 1 })

function readName(entry: Entry | undefined, file: Spot, faults: FaultList, suggestion: string): string | undefined {
  if (entry === undefined) {
    const hint = `Add: name: ${suggestion}`
    return faults.add(
      'MISSING_KEY',
      startOf(file),
      "The pipeline has no 'name'; it names the state and the slot.",
      hint,
    )
  }
  const name = faults.text(entry.value, 'name')
  return name === undefined ? undefined : checkName(name, entry.value.spot, faults)
}

function checkName(name: string, spot: Spot, faults: FaultList): string | undefined {
  if (namePattern.test(name)) return name
  const near = nearName(name)
  const rule = 'lower-case letters, digits, _ and -, beginning with a letter or digit, at most 59 characters'
  const hint = near === undefined ? 'For example: shop' : `For example: ${near}`
  return faults.add('INVALID_NAME', spot, `'${name}' cannot be a name: ${rule}.`, hint)
}

/** A valid name that is like the written one, or undefined when nothing of it is left. */
export function nearName(written: string): string | undefined {
  const name = written
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '_')
    .replace(/^[_-]+|[_-]+$/g, '')
    .slice(0, 59)
  return namePattern.test(name) ? name : undefined
}

function readSource(entry: Entry | undefined, file: Spot, faults: FaultList): Section | undefined {
  if (entry === undefined)
    return faults.add('MISSING_KEY', startOf(file), "The pipeline has no 'source'.", sourceExample)
  const map = faults.map(entry.value, 'source', sourceExample)
  return map && readSection('source', 'source', map, entry.key, faults)
}

function readSinks(one: Entry | undefined, many: Entry | undefined, file: Spot, faults: FaultList): Section[] {
  if (one !== undefined && many !== undefined)
    faults.add('INVALID_VALUE', one.key, "There is a 'sink' and a list of 'sinks'.", 'Move the one into the list.')
  const example = 'For example: sink: {connector: print}'
  if (one === undefined && many === undefined)
    faults.add('MISSING_KEY', startOf(file), "The pipeline has no 'sink' and no 'sinks'.", example)
  const sections: (Section | undefined)[] = []
  if (one?.value.kind === 'list')
    faults.add('INVALID_VALUE', one.key, "'sink' is one sink, and this is a list.", "Write 'sinks:'.")
  else if (one !== undefined) {
    const map = faults.map(one.value, 'sink', example)
    sections.push(map && readSection('sink', 'sink', map, one.key, faults))
  }
  if (many !== undefined) sections.push(...readList(many, faults))
  return sections.filter((section) => section !== undefined)
}

function readList({ key, value }: Entry, faults: FaultList): (Section | undefined)[] {
  const example = 'For example: sinks: [{connector: print}]'
  if (value.kind !== 'list') {
    const hint = value.kind === 'map' ? "Write 'sink:' for one, or begin each with '- '." : example
    faults.add('INVALID_VALUE', key, "'sinks' must be a list.", hint)
    return []
  }
  if (value.items.length === 0) faults.add('INVALID_VALUE', value.spot, "'sinks' is an empty list.", example)
  return value.items.map((item, index) => {
    const map = faults.map(item, `sinks[${index + 1}]`, example)
    return map && readSection('sink', `sinks[${index + 1}]`, map, startOf(map.spot), faults)
  })
}

/** The keys of a sink that are the file's and no options of its connector. */
export const sinkKeys = ['connector', 'name', 'tables', 'errors.tolerance'] as const

function readTolerance(entry: Entry | undefined, faults: FaultList): Tolerance | undefined {
  const written = entry && faults.text(entry.value, 'errors.tolerance')
  if (entry === undefined || written === undefined) return undefined
  const found = tolerances.find((one) => one === written.toLowerCase())
  if (found !== undefined) return found
  const hint = 'none: the pipeline stops; all: the change goes to the dead-letter file and the pipeline goes on.'
  return faults.add('INVALID_VALUE', entry.value.spot, `'errors.tolerance' must be none or all.`, hint)
}

function readSection(role: Section['role'], path: string, map: MapTree, key: Spot, faults: FaultList): Section {
  const own: readonly string[] = role === 'sink' ? sinkKeys : ['connector']
  const options = new Map([...map.entries].filter(([name]) => !own.includes(name)))
  const [connector, name, tables] = ['connector', 'name', 'tables'].map((one) => map.entries.get(one))
  const section = {
    role,
    path,
    options: { ...map, entries: options },
    spot: connector?.key ?? key,
    connectorSpot: connector?.value.spot ?? key,
  }
  if (connector === undefined) {
    const near = map.entries.has('type') ? 'type' : nearest('connector', [...map.entries.keys()])
    const hint = near === undefined ? 'For example: connector: print' : `Did you mean 'connector' by '${near}'?`
    faults.add('MISSING_KEY', key, `'${path}' has no 'connector'.`, hint)
  }
  const sinkName = role === 'sink' && name !== undefined ? faults.text(name.value, 'name') : undefined
  const checked = sinkName === undefined ? undefined : checkName(sinkName, name!.value.spot, faults)
  const tolerance = role === 'sink' ? readTolerance(map.entries.get('errors.tolerance'), faults) : undefined
  const patterns = role === 'sink' && tables !== undefined ? faults.texts(tables.value, 'tables') : undefined
  return {
    ...section,
    connector: connector && faults.text(connector.value, 'connector'),
    ...(checked === undefined ? {} : { name: checked }),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(patterns === undefined ? {} : { tables: patterns.flatMap((one) => checkPattern(one.text, one.spot, faults)) }),
  }
}

/** The options of a section as the connector's definition takes them. */
export function rawOptions(section: Section): Record<string, unknown> {
  return plain(section.options) as Record<string, unknown>
}
