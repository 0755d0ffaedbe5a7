import type { CdcError } from '@cdc/core'
import { error } from '../errors.ts'
import type { RegistrySettings } from './settings.ts'
import { type Answer, Transport } from './transport.ts'

/** A schema as a registry has it. */
export interface Registered {
  readonly id: number
  readonly schema: string
  readonly version?: number
}

interface Fault {
  readonly code: number
  readonly words: string
}

/** The API's own error codes: https://docs.confluent.io/platform/current/schema-registry/develop/api.html */
const SUBJECT_UNKNOWN = 40401
const VERSION_UNKNOWN = 40402
const SCHEMA_UNKNOWN = 40403

/** What formats ask of a registry. */
export interface SchemaRegistry {
  schemaFor(subject: string, schema: string): Promise<Registered>
  schemaOf(id: number): Promise<string>
  close(): Promise<void>
}

/**
 * Speaks to a schema registry with Confluent's API. Everything that was answered is kept: a schema of an id never
 * changes, nor does the id of a schema under its subject. Errors are coded, with the registry's own words.
 */
export class RegistryClient implements SchemaRegistry {
  readonly #settings: RegistrySettings
  readonly #transport: Transport
  /** By subject and text. */
  readonly #ids = new Map<string, Promise<Registered>>()
  readonly #schemas = new Map<number, Promise<string>>()

  constructor(settings: RegistrySettings) {
    this.#settings = settings
    this.#transport = new Transport(settings)
  }

  /** What a schema is written under: registered, looked up, or the latest, as the options say. */
  schemaFor(subject: string, schema: string): Promise<Registered> {
    const { latest, register } = this.#settings
    const key = JSON.stringify([subject, schema])
    return kept(this.#ids, key, () =>
      latest && !register
        ? this.latest(subject)
        : register
          ? this.register(subject, schema)
          : this.lookup(subject, schema),
    )
  }

  /** Registers a schema; the same schema again gives the same id. */
  async register(subject: string, schema: string): Promise<Registered> {
    const path = `${subjectPath(subject)}/versions${this.#settings.normalize ? '?normalize=true' : ''}`
    const answer = await this.#transport.send('POST', path, { schema })
    if (answer.status === 409) throw await this.#incompatible(subject, schema, answer)
    return { id: idIn(this.#good(answer, `subject ${subject}`)), schema }
  }

  /** The id of a schema that is registered under the subject already. */
  async lookup(subject: string, schema: string): Promise<Registered> {
    const path = `${subjectPath(subject)}${this.#settings.normalize ? '?normalize=true' : ''}`
    const answer = await this.#transport.send('POST', path, { schema })
    const found = this.#good(answer, `subject ${subject}`)
    return { id: idIn(found), schema, ...versionIn(found) }
  }

  async latest(subject: string): Promise<Registered> {
    const answer = await this.#transport.send('GET', `${subjectPath(subject)}/versions/latest`)
    const found = this.#good(answer, `subject ${subject}`)
    return { id: idIn(found), schema: schemaIn(found), ...versionIn(found) }
  }

  /** Would the registry take it? `messages`: why not, in its own words. A subject without versions takes anything. */
  async compatible(
    subject: string,
    schema: string,
  ): Promise<{ readonly compatible: boolean; readonly messages: readonly string[] }> {
    const path = `/compatibility${subjectPath(subject)}/versions/latest?verbose=true`
    const answer = await this.#transport.send('POST', path, { schema })
    if (answer.status === 404 && [SUBJECT_UNKNOWN, VERSION_UNKNOWN].includes(faultOf(answer)?.code ?? 0))
      return { compatible: true, messages: [] }
    const found = this.#good(answer, `subject ${subject}`)
    const messages = Array.isArray(found.messages) ? found.messages.map(String) : []
    return { compatible: found.is_compatible === true, messages }
  }

  /** The schema that records of this id were written with. */
  schemaOf(id: number): Promise<string> {
    return kept(this.#schemas, id, async () => {
      const answer = await this.#transport.send('GET', `/schemas/ids/${id}`)
      if (answer.status === 404 && faultOf(answer)?.code === SCHEMA_UNKNOWN)
        throw error('REGISTRY_ID_UNKNOWN', {
          message: `The schema registry knows no schema of id ${id}: ${faultOf(answer)!.words}`,
        })
      const found = this.#good(answer, `schema ${id}`)
      const type = found.schemaType ?? 'AVRO'
      if (type !== 'AVRO' || (Array.isArray(found.references) && found.references.length > 0))
        throw error('AVRO_RECORD', {
          message: `Schema ${id} is ${type === 'AVRO' ? 'in several parts (references)' : `of type ${String(type)}`}, which is not read.`,
        })
      return schemaIn(found)
    })
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  async #incompatible(subject: string, schema: string, answer: Answer): Promise<CdcError> {
    const words = faultOf(answer)?.words ?? `answer ${answer.status}`
    const more = await this.compatible(subject, schema).then(
      ({ messages }) => messages,
      () => [],
    )
    return error('REGISTRY_INCOMPATIBLE', {
      message: `The schema registry refused the new schema of subject ${subject}: ${[words, ...more].join('; ')}`,
    })
  }

  /** The object in an answer of 2xx; anything else is an error. */
  #good(answer: Answer, what: string): Record<string, unknown> {
    const { status } = answer
    if (status >= 200 && status < 300) {
      const found = objectIn(answer.text)
      if (found !== undefined) return found
      throw error('REGISTRY_ANSWER', {
        message: `What answered for ${what} at ${this.#place()} is no schema registry: it sent no JSON.`,
      })
    }
    const fault = faultOf(answer)
    const words = fault?.words ?? `answer ${status}`
    if (status === 401 || status === 403)
      throw error('REGISTRY_UNAUTHORIZED', {
        message: `The schema registry at ${this.#place()} refused access to ${what} (${status}${fault === undefined ? '' : `: ${fault.words}`}).`,
      })
    if (fault === undefined)
      throw error('REGISTRY_ANSWER', {
        message: `What answered for ${what} at ${this.#place()} is no schema registry: answer ${status}.`,
      })
    if (status === 404)
      throw error('REGISTRY_NOT_FOUND', { message: `The schema registry does not know it (${what}): ${words}` })
    throw error('REGISTRY_SCHEMA_REFUSED', { message: `The schema registry refused the schema (${what}): ${words}` })
  }

  #place(): string {
    return this.#settings.urls.map(({ href }) => href).join(', ')
  }
}

const subjectPath = (subject: string) => `/subjects/${encodeURIComponent(subject)}`

/** A promise that is kept, unless it fails. */
function kept<K, V>(cache: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  made.catch(() => cache.delete(key))
  return made
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** `{"error_code":40401,"message":"..."}`. undefined: it is none of a registry's. */
function faultOf({ text }: Answer): Fault | undefined {
  const parsed = objectIn(text)
  if (parsed === undefined || typeof parsed.error_code !== 'number') return undefined
  return { code: parsed.error_code, words: String(parsed.message ?? `error ${parsed.error_code}`) }
}

function idIn({ id }: Record<string, unknown>): number {
  if (typeof id === 'number') return id
  throw error('REGISTRY_ANSWER', { message: 'The schema registry gave no id.' })
}

function schemaIn({ schema }: Record<string, unknown>): string {
  if (typeof schema === 'string') return schema
  throw error('REGISTRY_ANSWER', { message: 'The schema registry gave no schema.' })
}

const versionIn = ({ version }: Record<string, unknown>) => (typeof version === 'number' ? { version } : {})
