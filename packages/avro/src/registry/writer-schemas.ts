import { error } from '../errors.ts'
import { type ParsedSchema, parseAvroSchema } from '../schema/parsed-schema.ts'
import { FRAME, schemaIdOf } from '../wire/frame.ts'
import type { SchemaRegistry } from './registry-client.ts'

/** A record's bytes with the schema that they were written with. */
export interface Framed {
  readonly id: number
  readonly schema: ParsedSchema
  readonly body: Uint8Array
}

/** The schemas that records name by their ids: asked for once, compiled once. */
export class WriterSchemas {
  readonly #client: SchemaRegistry
  readonly #schemas = new Map<number, ParsedSchema>()

  constructor(client: SchemaRegistry) {
    this.#client = client
  }

  /** Fetches what the record needs and is not here. undefined: nothing. Faults of the bytes are left to `open`. */
  prepare(key: Uint8Array | null, value: Uint8Array | null): Promise<void> | undefined {
    const wanted = [key, value].flatMap((part) => {
      if (part === null || part.length < FRAME || part[0] !== 0) return []
      const id = schemaIdOf(part, 'value')
      return this.#schemas.has(id) ? [] : [id]
    })
    return wanted.length === 0 ? undefined : this.#fetch(wanted)
  }

  open(record: Uint8Array, part: 'key' | 'value'): Framed {
    const id = schemaIdOf(record, part)
    const schema = this.#schemas.get(id)
    if (schema === undefined)
      throw error('AVRO_SCHEMA_NOT_FETCHED', {
        message: `Schema ${id} of a record was not fetched before it was decoded.`,
      })
    return { id, schema, body: record.subarray(FRAME) }
  }

  async #fetch(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      if (this.#schemas.has(id)) continue
      this.#schemas.set(id, parseAvroSchema(await this.#client.schemaOf(id), `Schema ${id} of the registry`))
    }
  }
}
