import type { FormatContext, Table } from '@cdc/core'
import type { Registered, SchemaRegistry } from './registry-client.ts'
import { type RegistryValues, strategyFor } from './registry-options.ts'
import { subjectOf } from './subjects.ts'

export type Destination = Table | 'transaction' | 'message' | 'heartbeat'

/** Registers schemas under the subjects that the options and the sink's topics give. */
export class SubjectNames {
  readonly #client: SchemaRegistry
  readonly #values: RegistryValues
  readonly #context: FormatContext
  readonly #fallback: (of: Destination) => string

  /** `fallback`: the topic, where the sink names none. */
  constructor(
    client: SchemaRegistry,
    values: RegistryValues,
    context: FormatContext,
    fallback: (of: Destination) => string,
  ) {
    this.#client = client
    this.#values = values
    this.#context = context
    this.#fallback = fallback
  }

  /** `record`: the full name of the schema's record. */
  subject(of: Destination, part: 'key' | 'value', record: string): string {
    const { subject } = this.#values
    if (subject !== undefined && part === this.#context.role) return subject
    const topic = this.#context.topic?.(of) ?? this.#fallback(of)
    return subjectOf(strategyFor(this.#values, part), topic, part, record)
  }

  /** What records of this schema are written under, as the options say. */
  async registered(of: Destination, part: 'key' | 'value', schema: string, record: string): Promise<Registered> {
    return this.#client.schemaFor(this.subject(of, part, record), schema)
  }
}
