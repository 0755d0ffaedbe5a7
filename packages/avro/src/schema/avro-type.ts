import { Buffer } from 'node:buffer'
import avsc from 'avsc'

/** An Avro schema with its names resolved: what writers and readers are compiled from. */
export interface AvroType {
  readonly kind:
    | 'null'
    | 'boolean'
    | 'int'
    | 'long'
    | 'float'
    | 'double'
    | 'bytes'
    | 'string'
    | 'record'
    | 'enum'
    | 'array'
    | 'map'
    | 'fixed'
    | 'union'
  /** The schema's own properties: `logicalType`, `connect.name`, ... */
  readonly properties: Readonly<Record<string, unknown>>
  /** Of named types, with the name space. */
  readonly name?: string
  fields?: readonly AvroField[]
  items?: AvroType
  values?: AvroType
  branches?: readonly AvroType[]
  readonly symbols?: readonly string[]
  readonly size?: number
}

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly aliases: readonly string[]
  /** As in the schema's JSON; undefined: none. */
  readonly default: unknown
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const primitive = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

/** Resolves a schema that is known to be one. */
export function avroTypeOf(schema: unknown): AvroType {
  return new Resolver().type(schema as Json, '')
}

class Resolver {
  readonly #named = new Map<string, AvroType>()

  type(schema: Json, space: string): AvroType {
    if (typeof schema === 'string') return this.#reference(schema, space)
    if (Array.isArray(schema))
      return { kind: 'union', properties: {}, branches: schema.map((one: Json) => this.type(one, space)) }
    const object = schema as { readonly [name: string]: Json }
    const { type } = object
    if (typeof type !== 'string') return this.type(type!, space)
    switch (type) {
      case 'array':
        return { kind: 'array', properties: object, items: this.type(object.items!, space) }
      case 'map':
        return { kind: 'map', properties: object, values: this.type(object.values!, space) }
      case 'record':
      case 'error':
      case 'enum':
      case 'fixed':
        return this.#define(object, space)
      default:
        return primitive.has(type)
          ? { kind: type as AvroType['kind'], properties: object }
          : this.#reference(type, space)
    }
  }

  #reference(name: string, space: string): AvroType {
    if (primitive.has(name)) return { kind: name as AvroType['kind'], properties: {} }
    const found = this.#named.get(qualified(name, space)) ?? this.#named.get(name)
    if (found === undefined) throw new Error(`the type ${name} is not defined`)
    return found
  }

  #define(object: { readonly [name: string]: Json }, space: string): AvroType {
    const written = typeof object.namespace === 'string' ? object.namespace : space
    const name = qualified(String(object.name), written)
    const own = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
    const kind = object.type === 'error' ? 'record' : (object.type as 'record' | 'enum' | 'fixed')
    const type: AvroType = {
      kind,
      properties: object,
      name,
      ...(kind === 'enum' ? { symbols: object.symbols as readonly string[] } : {}),
      ...(kind === 'fixed' ? { size: Number(object.size) } : {}),
    }
    // before its fields, which may name it
    this.#named.set(name, type)
    if (kind === 'record') type.fields = (object.fields as readonly Json[]).map((one) => this.#field(one, own))
    return type
  }

  #field(json: Json, space: string): AvroField {
    const object = json as { readonly [name: string]: Json }
    return {
      name: String(object.name),
      type: this.type(object.type!, space),
      aliases: (object.aliases as readonly string[] | undefined) ?? [],
      default: object.default,
    }
  }
}

const qualified = (name: string, space: string) => (name.includes('.') || space === '' ? name : `${space}.${name}`)

/** A long as bigint: no digit is lost. */
const bigLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: (json: unknown) => BigInt(json as number),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
})

/** Reads Avro's binary encoding. Longs are bigints, bytes are Buffers; logical types are left as they are. */
export interface BinaryReader {
  /** Throws what is no error of ours where the bytes are no record of this schema. */
  read(bytes: Uint8Array): unknown
  /** The schema's Parsing Canonical Form: the same for the same bytes. */
  readonly canonical: string
}

/** A schema compiled by avsc. Throws what is no error of ours where it is no schema. */
export function avscType(schema: unknown) {
  return avsc.Type.forSchema(schema as never, {
    registry: { long: bigLong },
    // with properties of its own, a long is not looked up by its name
    typeHook: (one: unknown) =>
      typeof one === 'object' && one !== null && (one as { type?: unknown }).type === 'long' ? bigLong : undefined,
    // a decimal whose scale is larger than its precision is no fault to Java's either
    logicalTypes: {},
  })
}

/** Checks a schema and compiles its reader. Throws as `avscType`. */
export function binaryReader(schema: unknown): BinaryReader {
  const type = avscType(schema)
  return {
    read: (bytes) => type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as unknown,
    canonical: JSON.stringify(type.schema()),
  }
}
