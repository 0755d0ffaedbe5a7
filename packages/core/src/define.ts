import type { SinkAdmin, SourceAdmin } from './admin.ts'
import type { Position } from './batch.ts'
import type { ChangelogMode } from './changelog.ts'
import type { Context } from './context.ts'
import { type CdcError, coreError } from './errors.ts'
import type { Format, FormatContext } from './format.ts'
import type { OptionFields, OptionInput, OptionProblem, OptionSet, OptionValues } from './options/option-set.ts'
import type { Sink, SinkContext } from './sink.ts'
import type { PositionRules, Source, SourceContext } from './source.ts'

/** The version of the contract in this package. A plug-in made for another one is refused. */
export const CONTRACT = 1

interface Named<F extends OptionFields> {
  /** As people write it after `connector:`. Matched without regard to case. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** One sentence for lists and docs. */
  readonly description: string
  readonly options: OptionSet<F>
}

export interface SourceSpec<F extends OptionFields> extends Named<F> {
  readonly emits: (values: OptionValues<F>) => ChangelogMode
  readonly positions: PositionRules
  /**
   * Do several processes with these options share what there is to read? Then `Source.share` is there, and `positions`
   * have parts. Absent: never.
   */
  readonly shares?: (values: OptionValues<F>) => boolean
  /** The kind of claim that `share` gives: sinks that know it move the source's place themselves. Absent: none. */
  readonly claims?: string
  readonly create: (values: OptionValues<F>, context: SourceContext) => Source
  /**
   * A source for people who watch (`cdc tail`): reads from now on, without a snapshot, makes nothing at the server
   * that outlives its connection (PostgreSQL: a temporary slot) and touches nothing that `create` would use.
   */
  readonly watch?: (values: OptionValues<F>, context: SourceContext) => Source
  readonly admin?: (values: OptionValues<F>, context: Context) => SourceAdmin
}

/** What a sink can do, declared: the runtime judges by it before anything is opened. */
export interface SinkCapabilities {
  readonly accepts: ChangelogMode
  /** `position()` answers, and `flush(position)` makes rows and position durable in one atomic step. */
  readonly remembers: boolean
  /**
   * How one that remembers stands to other processes of the same pipeline (`SinkContext.parts`). `parts`: they share
   * one memory, kept by part. `apart`: each has a memory and a target of its own. `no`: there can be one process only.
   */
  readonly shared: 'parts' | 'apart' | 'no'
  /**
   * The kind of claim (`Claim`) with which it commits a shared source's own place in its transactions. Given one by
   * the source, it shares with other processes whatever `shared` says. Absent: none.
   */
  readonly claims?: string
  /** Rows of a snapshot table that was not flushed with a position leave no trace (one target transaction). */
  readonly atomicTables: boolean
  /** Rows must have every cell. The runtime refuses what cannot be completed. */
  readonly wholeRows: boolean
  /** Tables without a key: refuse them, or take their inserts. */
  readonly keyless: 'refuse' | 'append'
  readonly createsTables: boolean
  /** It finds the one change that a `data` error is about and calls `reject` of its context. */
  readonly rejects: boolean
  /** The optional kinds of changes that it wants. */
  readonly takes: readonly ('message' | 'transaction')[]
}

export interface SinkSpec<F extends OptionFields> extends Named<F> {
  /** What is not said is: accepts retract, remembers nothing, shared by nobody, not atomic, takes partial rows, keyless append. */
  readonly capabilities: Partial<SinkCapabilities> | ((values: OptionValues<F>) => Partial<SinkCapabilities>)
  readonly create: (values: OptionValues<F>, context: SinkContext) => Sink
  readonly admin?: (values: OptionValues<F>, context: SinkContext) => SinkAdmin
}

export interface FormatSpec<F extends OptionFields> extends Named<F> {
  /** What kinds of rows can be written down in it. */
  readonly holds: (values: OptionValues<F>) => ChangelogMode
  /** The optional kinds of changes that it writes down (`Format.boundaries`). Absent: neither. */
  readonly takes?: (values: OptionValues<F>) => SinkCapabilities['takes']
  readonly create: (values: OptionValues<F>, context: FormatContext) => Format
}

/** A connector with its options checked: what a pipeline is made of. Holds no connection and no state. */
export interface ConfiguredSource {
  readonly kind: 'source'
  readonly connector: string
  readonly emits: ChangelogMode
  readonly positions: PositionRules
  /** Present: several processes share it. */
  readonly shares?: true
  /** Only of one that is shared: the kind of claim that it gives. */
  readonly claims?: string
  /** The options as written, secrets hidden: for fingerprints and logs. */
  readonly shown: Readonly<Record<string, unknown>>
  create(context: SourceContext): Source
  /** Only where the definition has it. Acknowledging such a source is harmless. */
  watch?(context: SourceContext): Source
  admin?(context: Context): SourceAdmin
}
export interface ConfiguredSink {
  readonly kind: 'sink'
  readonly connector: string
  readonly capabilities: SinkCapabilities
  readonly shown: Readonly<Record<string, unknown>>
  create(context: SinkContext): Sink
  admin?(context: SinkContext): SinkAdmin
}
export interface ConfiguredFormat {
  readonly kind: 'format'
  readonly name: string
  readonly holds: ChangelogMode
  /** What a sink that writes this format should declare to take. Absent: neither kind. */
  readonly takes?: SinkCapabilities['takes']
  create(context: FormatContext): Format
}

interface Definition<F extends OptionFields, K extends string, C> extends Named<F> {
  readonly kind: K
  readonly contract: number
  /** Checks the options and configures. Throws INVALID_OPTIONS with every fault in `cause`. */
  (options: OptionInput<F>): C
  /**
   * The same for options from a file, without throwing. `under`: what stands before each key in the file
   * (`debezium-json.`), for the messages.
   */
  configure(
    raw: Readonly<Record<string, unknown>>,
    under?: string,
  ): { configured?: C; problems: readonly OptionProblem[] }
}
export interface SourceDefinition<F extends OptionFields = OptionFields>
  extends Definition<F, 'source', ConfiguredSource> {}
export interface SinkDefinition<F extends OptionFields = OptionFields> extends Definition<F, 'sink', ConfiguredSink> {}
export interface FormatDefinition<F extends OptionFields = OptionFields>
  extends Definition<F, 'format', ConfiguredFormat> {}
// biome-ignore lint/suspicious/noExplicitAny: definitions of any options, whose parameter is contravariant
export type AnyDefinition = SourceDefinition<any> | SinkDefinition<any> | FormatDefinition<any>

/** Defines a source connector. The result is called with options to embed it, and found by name in YAML. */
export function defineSource<F extends OptionFields>(spec: SourceSpec<F>): SourceDefinition<F> {
  const { admin, watch } = spec
  return definition('source', spec, (values, raw) => ({
    kind: 'source',
    connector: spec.name,
    emits: spec.emits(values),
    positions: spec.positions,
    ...(spec.shares?.(values) === true ? sharing(spec.claims) : {}),
    shown: spec.options.redact(raw),
    create: (context) => spec.create(values, context),
    ...(watch === undefined ? {} : { watch: (context: SourceContext) => watch(values, context) }),
    ...(admin === undefined ? {} : { admin: (context: Context) => admin(values, context) }),
  }))
}

const sharing = (claims: string | undefined) => ({ shares: true as const, ...(claims === undefined ? {} : { claims }) })

/** Defines a sink connector. */
export function defineSink<F extends OptionFields>(spec: SinkSpec<F>): SinkDefinition<F> {
  const { admin } = spec
  return definition('sink', spec, (values, raw) => ({
    kind: 'sink',
    connector: spec.name,
    capabilities: {
      ...defaultCapabilities,
      ...(typeof spec.capabilities === 'function' ? spec.capabilities(values) : spec.capabilities),
    },
    shown: spec.options.redact(raw),
    create: (context) => spec.create(values, context),
    ...(admin === undefined ? {} : { admin: (context: SinkContext) => admin(values, context) }),
  }))
}

const defaultCapabilities: SinkCapabilities = {
  accepts: 'retract',
  remembers: false,
  shared: 'no',
  atomicTables: false,
  wholeRows: false,
  keyless: 'append',
  createsTables: false,
  rejects: false,
  takes: [],
}

/** Defines a format. */
export function defineFormat<F extends OptionFields>(spec: FormatSpec<F>): FormatDefinition<F> {
  return definition('format', spec, (values) => ({
    kind: 'format',
    name: spec.name,
    holds: spec.holds(values),
    ...(spec.takes === undefined ? {} : { takes: spec.takes(values) }),
    create: (context) => spec.create(values, context),
  }))
}

function definition<F extends OptionFields, K extends string, C>(
  kind: K,
  spec: Named<F>,
  configured: (values: OptionValues<F>, raw: Readonly<Record<string, unknown>>) => C,
): Definition<F, K, C> {
  const configure = (raw: Readonly<Record<string, unknown>>, under?: string) => {
    const { values, problems } = spec.options.parse(raw, under)
    return problems.length > 0 ? { problems } : { configured: configured(values, raw), problems }
  }
  const call = (raw: OptionInput<F>): C => {
    const result = configure(raw as Readonly<Record<string, unknown>>)
    if (result.configured === undefined) throw invalidOptions(spec.name, result.problems)
    return result.configured
  }
  const { name, aliases, description, options } = spec
  // a function has a `name` of its own, which is read-only
  Object.defineProperty(call, 'name', { value: name })
  return Object.assign(call, {
    kind,
    contract: CONTRACT,
    description,
    options,
    configure,
    ...(aliases === undefined ? {} : { aliases }),
  }) as unknown as Definition<F, K, C>
}

function invalidOptions(connector: string, problems: readonly OptionProblem[]): CdcError {
  const lines = problems.map(({ message, hint }) => `  ${message}${hint === undefined ? '' : ` ${hint}`}`)
  return coreError(problems.length === 1 ? problems[0]!.code : 'INVALID_OPTIONS', {
    message: `The options of '${connector}' have ${problems.length === 1 ? 'a fault' : `${problems.length} faults`}:\n${lines.join('\n')}`,
    where: { option: problems[0]!.option },
  })
}

/** What a sink is told of the positions of the source that feeds it. `process`: see `SinkContext.parts`. */
export function positionContext(
  { positions, shares }: ConfiguredSource,
  process?: string,
): Pick<SinkContext, 'describePosition' | 'parts'> {
  const describePosition = (position: Position) => positions.describe(position)
  if (positions.parts === undefined || positions.join === undefined) return { describePosition }
  return {
    describePosition,
    parts: {
      parts: (position) => positions.parts!(position),
      join: (parts) => positions.join!(parts),
      shared: shares === true,
      ...(process === undefined ? {} : { process }),
    },
  }
}

/** Is this export of a plug-in a definition of this contract's? Works across copies of this package. */
export function isDefinition(value: unknown): value is AnyDefinition {
  return typeof value === 'function' && 'contract' in value && 'kind' in value && 'configure' in value
}
