import type { Cell, DataType } from '@cdc/core'
import { charsetOf, type RawValues } from './options.ts'

type Present = Exclude<Cell, null | undefined>

/** How cells of a type are bytes and back: Flink's RawFormat, and other types as the server's text. */
export interface CellBytes {
  /** undefined: they cannot be held. */
  write(cell: Present): Uint8Array | undefined
  /** undefined: they are none of this type. */
  read(bytes: Uint8Array): Cell | undefined
}

export function cellBytes(type: DataType, values: RawValues): CellBytes {
  const little = values.endianness === 'little-endian'
  switch (type.kind) {
    case 'boolean':
      return number(
        1,
        (view, cell) => view.setUint8(0, cell === true ? 1 : 0),
        (view) => view.getUint8(0) !== 0,
      )
    case 'int16':
      return number(
        2,
        (view, cell) => view.setInt16(0, cell as number, little),
        (view) => view.getInt16(0, little),
      )
    case 'int32':
      return number(
        4,
        (view, cell) => view.setInt32(0, cell as number, little),
        (view) => view.getInt32(0, little),
      )
    case 'int64':
      return number(
        8,
        (view, cell) => view.setBigInt64(0, cell as bigint, little),
        (view) => view.getBigInt64(0, little),
      )
    case 'float32':
      return number(
        4,
        (view, cell) => view.setFloat32(0, cell as number, little),
        (view) => view.getFloat32(0, little),
      )
    case 'float64':
      return number(
        8,
        (view, cell) => view.setFloat64(0, cell as number, little),
        (view) => view.getFloat64(0, little),
      )
    case 'bytes':
      return { write: (cell) => cell as Uint8Array, read: (bytes) => new Uint8Array(bytes) }
    default:
      return texts(values)
  }
}

function number(size: number, set: (view: DataView, cell: Present) => void, get: (view: DataView) => Cell): CellBytes {
  return {
    write(cell) {
      const bytes = new Uint8Array(size)
      set(new DataView(bytes.buffer), cell)
      return bytes
    },
    read: (bytes) =>
      bytes.length === size ? get(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) : undefined,
  }
}

function texts({ charset }: RawValues): CellBytes {
  const encoding = charsetOf(charset)!
  return {
    write(cell) {
      if (typeof cell !== 'string') return undefined
      const bytes = Buffer.from(cell, encoding)
      return encoding === 'utf8' || bytes.toString(encoding) === cell ? bytes : undefined
    },
    read(bytes) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
      return Buffer.from(text, encoding).equals(bytes) ? text : undefined
    },
  }
}
