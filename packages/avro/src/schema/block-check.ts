import type { AvroType } from './avro-type.ts'

/** Throws where bytes are no record of the type: they end too soon, or name a branch or a length that is none. */
export type BlockCheck = (bytes: Uint8Array) => void

/**
 * avsc looks for the end of the bytes only after it has read a whole record, and fills an array with as many items as
 * a damaged count says. So records that hold arrays or maps are walked through before. undefined: it holds none.
 */
export function blockCheck(type: AvroType): BlockCheck | undefined {
  if (!holdsBlocks(type, new Set())) return undefined
  const walk = new Walks().of(type)
  return (bytes) => walk(new Cursor(bytes))
}

function holdsBlocks(type: AvroType, seen: Set<AvroType>): boolean {
  if (seen.has(type)) return false
  seen.add(type)
  if (type.kind === 'array' || type.kind === 'map') return true
  const parts = [...(type.branches ?? []), ...(type.fields ?? []).map((field) => field.type)]
  return parts.some((part) => holdsBlocks(part, seen))
}

class Cursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  skip(length: number): void {
    if (!(length >= 0 && length <= this.left)) throw new Error('truncated buffer')
    this.#at += length
  }

  /** A zigzagged number; beyond 2^53 about as large as it is. */
  long(): number {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      if (this.left === 0 || shift > 2 ** 63) throw new Error('truncated buffer')
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * shift
      if (byte < 0x80) break
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

type Walk = (cursor: Cursor) => void

const sizes: Partial<Record<AvroType['kind'], number>> = { null: 0, boolean: 1, float: 4, double: 8 }

class Walks {
  readonly #made = new Map<AvroType, Walk>()

  of(type: AvroType): Walk {
    const made = this.#made.get(type)
    if (made !== undefined) return made
    // a record may hold itself
    let walk: Walk = () => undefined
    this.#made.set(type, (cursor) => walk(cursor))
    walk = this.#make(type)
    return walk
  }

  #make(type: AvroType): Walk {
    const size = sizes[type.kind] ?? type.size
    if (size !== undefined) return (cursor) => cursor.skip(size)
    switch (type.kind) {
      case 'bytes':
      case 'string':
        return (cursor) => cursor.skip(cursor.long())
      case 'record': {
        const fields = type.fields!.map((field) => this.of(field.type))
        return (cursor) => {
          for (const field of fields) field(cursor)
        }
      }
      case 'union': {
        const branches = type.branches!.map((branch) => this.of(branch))
        return (cursor) => {
          const branch = branches[cursor.long()]
          if (branch === undefined) throw new Error('no such branch')
          branch(cursor)
        }
      }
      case 'array':
        return blocks(this.of(type.items!))
      case 'map': {
        const value = this.of(type.values!)
        return blocks((cursor) => {
          cursor.skip(cursor.long())
          value(cursor)
        })
      }
      default:
        return (cursor) => void cursor.long()
    }
  }
}

/** Avro 1.12, "Arrays" and "Maps": a negative count is followed by the block's size. */
function blocks(item: Walk): Walk {
  return (cursor) => {
    for (let count = cursor.long(); count !== 0; count = cursor.long()) {
      if (count < 0) cursor.long()
      const items = Math.abs(count)
      // an item takes a byte at least, or nothing can be said of how many there are
      if (items > cursor.left) throw new Error('more items than bytes')
      for (let i = 0; i < items; i++) item(cursor)
    }
  }
}
