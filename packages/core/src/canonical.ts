import type { Cell, DataType } from './value.ts'

const simple: Partial<Record<DataType['kind'], string>> = {
  boolean: 'boolean',
  int16: 'number',
  int32: 'number',
  float32: 'number',
  float64: 'number',
  int64: 'bigint',
  bytes: 'object',
}

/**
 * How a cell is not in its type's canonical form, as a short text; undefined when it is, and for null and undefined.
 * For readers of bytes that anybody may have written, and for tests. Never holds the value.
 */
export function canonicalFault(cell: Cell, type: DataType): string | undefined {
  if (cell === null || cell === undefined) return undefined
  if (type.kind === 'array') return arrayFault(cell, type.element)
  const wanted = simple[type.kind] ?? 'string'
  if (typeof cell !== wanted || (wanted === 'object' && !(cell instanceof Uint8Array)))
    return `${type.kind} is a ${wanted === 'object' ? 'Uint8Array' : wanted}, but came as ${typeof cell}`
  const pattern = patterns[type.kind]
  if (pattern !== undefined && !pattern.test(cell as string)) return `text of ${type.kind} is not in its canonical form`
  return rangeFault(cell, type)
}

const bits: Partial<Record<DataType['kind'], number>> = { int16: 16, int32: 32, int64: 64 }

function rangeFault(cell: Cell, { kind }: DataType): string | undefined {
  const width = bits[kind]
  if (width === undefined) return undefined
  if (typeof cell === 'number' && !Number.isInteger(cell)) return `${kind} is not whole`
  const whole = BigInt(cell as number | bigint)
  return BigInt.asIntN(width, whole) === whole ? undefined : `${kind} is out of its range`
}

function arrayFault(cell: Cell, element: DataType): string | undefined {
  // other lower bounds than 1 keep the server's text
  if (typeof cell === 'string') return /^\[.*\]=\{/.test(cell) ? undefined : 'array came as text'
  if (!Array.isArray(cell)) return `array came as ${typeof cell}`
  for (const one of cell as readonly Cell[]) {
    if (one === undefined) return 'array has a hole'
    const fault = Array.isArray(one) ? arrayFault(one, element) : canonicalFault(one, element)
    if (fault !== undefined) return fault
  }
  return undefined
}

const day = '\\d{4,}-\\d\\d-\\d\\d'
const clock = '\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?'
const patterns: Partial<Record<DataType['kind'], RegExp>> = {
  decimal: /^(-?\d+(\.\d+)?|NaN|-?Infinity)$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  date: new RegExp(`^(${day}( BC)?|-?infinity)$`),
  time: new RegExp(`^${clock}$`),
  timetz: new RegExp(`^${clock}[+-]\\d\\d(:\\d\\d){0,2}$`),
  timestamp: new RegExp(`^(${day} ${clock}( BC)?|-?infinity)$`),
  timestamptz: new RegExp(`^(${day} ${clock}\\+00( BC)?|-?infinity)$`),
}
