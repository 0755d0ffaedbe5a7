import { resolve } from 'node:path'
import type { AnyDefinition, ConfiguredSink, ConfiguredSource, OptionProblem, OptionSet } from '@cdc/core'
import { CdcError, nearest } from '@cdc/core'
import { defaultDeadLetters, type PipelineLimitsInput, type Route, type SinkEntry } from '@cdc/runtime'
import { Connectors, type Role } from '../connectors.ts'
import { loadPlugin } from '../plugins.ts'
import type { PipelineDocument, Section } from './document.ts'
import type { FaultList } from './fault-list.ts'
import { takeFormats } from './formats.ts'
import { limitOptions, limitsOf } from './limits.ts'
import type { WrittenMetadata } from './metadata.ts'
import { type MetricsConfig, metricsOptions } from './metrics.ts'
import type { ProblemCode, Spot } from './problem.ts'
import { compareSinks } from './sinks.ts'
import { type StateConfig, stateOf } from './state.ts'
import { type MapTree, plain } from './tree.ts'

/** A connector of a pipeline with what the commands for operators need beside it. */
export interface LoadedConnector<C> {
  readonly definition: AnyDefinition
  readonly raw: Readonly<Record<string, unknown>>
  readonly configured: C
}

/** A file without mistakes. */
export interface LoadedPipeline {
  readonly file: string
  readonly name: string
  readonly source: LoadedConnector<ConfiguredSource>
  readonly sinks: readonly SinkEntry[]
  /** Columns added to every row, before the routes. */
  readonly metadata: WrittenMetadata
  readonly routes: readonly Route[]
  readonly state: StateConfig
  readonly limits: PipelineLimitsInput
  /** Where metrics are served; undefined: nowhere. */
  readonly metrics: MetricsConfig | undefined
  /** Where changes are kept that sinks could not take: an absolute path. */
  readonly deadLetters: string
  /** Values of secret options, never to be shown. Those that also stand in the open are not among them. */
  readonly secrets: readonly string[]
}

export interface ResolveContext {
  readonly path: string
  readonly directory: string
  readonly faults: FaultList
}

/** Loads plug-ins and connectors and has them check their options. `secretSpots`: what a report must not show. */
export async function resolvePipeline(
  document: PipelineDocument,
  context: ResolveContext,
): Promise<{ loaded?: LoadedPipeline; secretSpots: Spot[] }> {
  return new Resolver(document, context).resolve()
}

class Resolver {
  readonly #document: PipelineDocument
  readonly #context: ResolveContext
  readonly #faults: FaultList
  readonly #connectors = new Connectors()
  readonly #secretSpots: Spot[] = []
  /** A plug-in could not be loaded: what is unknown may be in it. */
  #pluginsLacking = false
  readonly #secrets = new Set<string>()
  readonly #open = new Set<string>()

  constructor(document: PipelineDocument, context: ResolveContext) {
    this.#document = document
    this.#context = context
    this.#faults = context.faults
  }

  async resolve(): Promise<{ loaded?: LoadedPipeline; secretSpots: Spot[] }> {
    const { name, metadata, routes, source, sinks } = this.#document
    await this.#loadPlugins()
    const configuredSource = source && (await this.#connector<ConfiguredSource>(source))
    const configuredSinks = await Promise.all(sinks.map((sink) => this.#connector<ConfiguredSink>(sink)))
    compareSinks(sinks, this.#faults)
    const state = this.#state()
    const limits = this.#limits()
    const metrics = this.#metrics()
    const secretSpots = this.#secretSpots
    if (this.#faults.problems.length > 0 || !name || !configuredSource || !state || !limits) return { secretSpots }
    const entries = sinks.map(
      ({ name, tables, tolerance }, index): SinkEntry => ({
        sink: configuredSinks[index]!.configured,
        ...(tolerance === undefined ? {} : { 'errors.tolerance': tolerance }),
        ...(name === undefined ? {} : { name }),
        ...(tables === undefined ? {} : { tables: tables.length === 1 ? tables[0]! : tables }),
      }),
    )
    const secrets = [...this.#secrets].filter((secret) => !this.#open.has(secret))
    const file = this.#context.path
    const deadLetters = resolve(this.#context.directory, this.#document.deadLetters?.text ?? defaultDeadLetters)
    const checked = { source: configuredSource, sinks: entries, metadata, routes, state, limits, metrics }
    return { secretSpots, loaded: { file, name, ...checked, deadLetters, secrets } }
  }

  /** Loads them in order; those of the same file may not clash. */
  async #loadPlugins(): Promise<void> {
    for (const { text, spot } of this.#document.plugins) {
      try {
        await loadPlugin(text, this.#context.directory, this.#connectors)
      } catch (failure) {
        const { code, message, hint } = CdcError.from(failure)
        this.#faults.add(code as ProblemCode, spot, message, hint)
        this.#pluginsLacking = true
      }
    }
  }

  async #connector<C>(section: Section): Promise<LoadedConnector<C> | undefined> {
    if (section.connector === undefined) return undefined
    const definition = await this.#connectors.find(section.role, section.connector)
    if (definition === undefined) return this.#unknown(section, section.connector)
    const { options, raw, formats } = await takeFormats(section, definition.options, this.#connectors, this.#faults)
    for (const format of formats) {
      this.#learnSecrets(format.own, format.raw, format.declared)
      this.#place(format.problems, format.options, format.spot, format.declared)
    }
    this.#learnSecrets(options, raw, definition.options)
    const { configured, problems } = definition.configure(raw)
    this.#place(problems, options, section.spot, definition.options)
    return configured === undefined ? undefined : { definition, raw, configured: configured as C }
  }

  #unknown(section: Section, written: string): undefined {
    const { role } = section
    const spot = section.connectorSpot
    const names = this.#connectors.names(role)
    const list = `There are: ${names.join(', ')}.`
    const other: Role = role === 'source' ? 'sink' : 'source'
    if (this.#connectors.names(other).includes(written.toLowerCase())) {
      const message = `'${written}' is a ${other} and cannot be a ${role}.`
      return this.#faults.add('WRONG_CONNECTOR_KIND', spot, message, list)
    }
    const near = nearest(written, names)
    if (near === undefined && this.#pluginsLacking) {
      const hint = 'It may be one of the plug-in that could not be loaded.'
      return this.#faults.add('UNKNOWN_CONNECTOR', spot, `There is no ${role} '${written}'.`, hint)
    }
    const hint = `${near === undefined ? '' : `Did you mean '${near}'? `}${list} Others come with \`plugins:\`.`
    return this.#faults.add('UNKNOWN_CONNECTOR', spot, `There is no ${role} '${written}'.`, hint)
  }

  /** Values of secret and unknown options are hidden; what also stands in an open option is no secret. */
  #learnSecrets(options: MapTree, raw: Readonly<Record<string, unknown>>, declared: OptionSet): void {
    const shown = declared.redact(raw)
    for (const [key, { value }] of options.entries) {
      if (value.kind !== 'scalar' || value.value === null) continue
      const text = String(value.value)
      if (shown[key] === '******') {
        this.#secretSpots.push(value.spot)
        this.#secrets.add(text)
      } else this.#open.add(text)
    }
  }

  /** Gives each fault of a connector's options its place: the key where it is unknown, the value where it is wrong. */
  #place(problems: readonly OptionProblem[], options: MapTree, section: Spot, declared: OptionSet): void {
    for (const { code, option, message, hint } of problems) {
      const names = [
        option,
        ...((Object.hasOwn(declared.fields, option) && declared.fields[option]?.text.aliases) || []),
      ]
      const written = [...options.entries].find(([key]) => names.includes(key) || startsWith(key, option))
      const entry = written?.[1]
      const spot = entry === undefined ? section : code === 'UNKNOWN_OPTION' ? entry.key : entry.value.spot
      const keys = entry?.value.kind === 'map' ? [...entry.value.entries.keys()] : []
      // other tools take `properties:` with keys below it
      const nested = keys.length === 0 ? hint : `It holds further keys; write each as one: ${option}.${keys[0]}: ...`
      this.#faults.add(code, spot, message, nested)
    }
  }

  #limits(): PipelineLimitsInput | undefined {
    const { limits } = this.#document
    if (limits === undefined) return {}
    const { values, problems } = limitOptions.parse(plain(limits) as Record<string, unknown>)
    this.#place(problems, limits, limits.spot, limitOptions)
    return problems.length === 0 ? limitsOf(values) : undefined
  }

  #metrics(): MetricsConfig | undefined {
    const { metrics } = this.#document
    if (metrics === undefined) return undefined
    const { values, problems } = metricsOptions.parse(plain(metrics) as Record<string, unknown>)
    this.#place(problems, metrics, metrics.spot, metricsOptions)
    return values
  }

  #state(): StateConfig | undefined {
    const { state } = this.#document
    const password = state && URL.parse(state.text)?.password
    if (password) this.#secrets.add(password).add(decodeURIComponent(password))
    const found = stateOf(state?.text ?? './state', this.#context.directory)
    if (found !== undefined || state === undefined) return found
    const hint = 'For example: state: ./state, or state: postgresql://user@host:5432/database'
    return this.#faults.add(
      'INVALID_STATE',
      state.spot,
      "'state' is neither a directory nor a postgresql:// URL.",
      hint,
    )
  }
}

/** Is `key` one of the keys of the prefix `option`, such as `properties.*`? */
const startsWith = (key: string, option: string) => option.endsWith('.*') && key.startsWith(option.slice(0, -1))
