import type { DataType } from '@cdc/core'
import { type Codec, type ConnectSchema, type FieldPlan, type Present, unscaledAt } from '@cdc/debezium-json/envelope'
import { textToAvro } from '../encode/json-writer.ts'
import { isDecimal } from '../schema/connect-avro.ts'
import { AvroWriter } from '../wire/avro-writer.ts'

/** Writes a cell with the branch of its union. false: it cannot be held, and nothing was written. */
type CellWriter = (writer: AvroWriter, cell: Present) => boolean

/** How one column of a struct is written. What is the same each time is ready as bytes. */
export interface FieldWriter {
  readonly plan: FieldPlan
  readonly write: CellWriter
  /** For null; undefined: the column cannot be null. */
  readonly none: Uint8Array | undefined
  /** For a cell of an old row that was not sent. */
  readonly missing: Uint8Array
  /** For a large value that was not sent; undefined: there is none for this type. */
  readonly placeholder: Uint8Array | undefined
}

export function fieldWriter(plan: FieldPlan, type: DataType): FieldWriter {
  const { schema, codec } = plan
  const text = textToAvro(schema)
  const bytesOf = (json: string): Uint8Array => {
    const writer = new AvroWriter()
    writer.begin()
    text(writer, json)
    return Uint8Array.from(writer.end())
  }
  const none = plan.null === 'null' && !schema.optional ? undefined : bytesOf(plan.null)
  return {
    plan,
    write: withBranch(schema, direct(schema, type) ?? throughText(schema, codec)),
    none,
    missing: bytesOf(plan.missing),
    placeholder: codec.placeholder === undefined ? undefined : bytesOf(codec.placeholder),
  }
}

type Plain =
  /** Any value can be held. */
  | { readonly always: (writer: AvroWriter, cell: Present) => void }
  /** First a text (or undefined: not held), then it is written. */
  | {
      readonly text: (cell: Present) => string | undefined
      readonly write: (writer: AvroWriter, text: string) => void
    }

function withBranch({ optional, default: fallback }: ConnectSchema, plain: Plain): CellWriter {
  const branch = fallback === undefined ? 2 : 0
  if ('always' in plain) {
    const { always } = plain
    return (writer, cell) => {
      if (optional) writer.byte(branch)
      always(writer, cell)
      return true
    }
  }
  return (writer, cell) => {
    const text = plain.text(cell)
    if (text === undefined) return false
    if (optional) writer.byte(branch)
    plain.write(writer, text)
    return true
  }
}

const texts: ReadonlySet<DataType['kind']> = new Set(['string', 'uuid', 'json', 'xml', 'enum'])

/** The types that most columns have, without a text in between. undefined: another one, or another mode. */
function direct(schema: ConnectSchema, { kind }: DataType): Plain | undefined {
  switch (schema.type) {
    case 'boolean':
      return kind === 'boolean' ? { always: (writer, cell) => writer.boolean(cell as boolean) } : undefined
    case 'int16':
    case 'int32':
      return kind === schema.type ? { always: (writer, cell) => writer.long(cell as number) } : undefined
    case 'int64':
      return kind === 'int64' ? { always: (writer, cell) => writer.bigLong(cell as bigint) } : undefined
    case 'float':
      return kind === 'float32' ? { always: (writer, cell) => writer.float(cell as number) } : undefined
    case 'double':
      return kind === 'float64' ? { always: (writer, cell) => writer.double(cell as number) } : undefined
    case 'string':
      return texts.has(kind) ? { always: (writer, cell) => writer.string(cell as string) } : undefined
    case 'bytes':
      if (kind === 'bytes') return { always: (writer, cell) => writer.bytes(cell as Uint8Array) }
      return kind === 'decimal' && isDecimal(schema) ? decimal(Number(schema.parameters?.scale)) : undefined
    default:
      return undefined
  }
}

function decimal(scale: number): Plain {
  return {
    text: (cell) => unscaledAt(cell as string, scale),
    write: (writer, digits) => writer.unscaled(digits),
  }
}

/** What the JSON codec writes, read again: its text is a number, a string or a whole document. */
function throughText(schema: ConnectSchema, codec: Codec): Plain {
  const text = (cell: Present) => codec.write(cell)
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return { text, write: writeInteger }
    case 'string':
      return { text, write: writeQuoted }
    default:
      return { text, write: textToAvro({ ...schema, optional: false }) }
  }
}

function writeInteger(writer: AvroWriter, digits: string): void {
  // microseconds since 1970 have 16 digits
  if (digits.length < 16 || (digits.length === 16 && digits < '4')) writer.long(Number(digits))
  else writer.bigLong(BigInt(digits))
}

function writeQuoted(writer: AvroWriter, json: string): void {
  writer.string(json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1))
}
