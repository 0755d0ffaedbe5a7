import { Buffer } from 'node:buffer'
import type { EncodedRecord } from '@cdc/core'
import { filesError } from './errors.ts'

/** What of a record stands in a line. */
export type LineKind = 'value' | 'record'

/** One record as one line: its value, or an object of key, value and headers. undefined: there is nothing to write. */
export type LineOf = (record: EncodedRecord) => string | Uint8Array | undefined

/**
 * The makers of lines. Each throws LINE_NOT_POSSIBLE for what cannot stand in one. `oneLine`: the encoder says that it
 * writes no line feeds; looking for one costs half as much as writing the line.
 */
export const lineMakers: Readonly<Record<LineKind, (format: string, oneLine?: boolean) => LineOf>> = {
  value: (format, oneLine) => (record) => {
    const { value } = record
    if (value === null || oneLine) return value ?? undefined
    if (typeof value === 'string' ? value.includes('\n') : value.includes(10))
      throw notPossible(`Format '${format}' wrote a value with a line break in it.`)
    return value
  },
  record: (format) => {
    let proved = false
    return (record) => {
      const { key, value, headers } = record
      const all = headers === undefined ? '' : `,"headers":${headersText(headers)}`
      const line = `{"key":${jsonOf(key)},"value":${jsonOf(value)}${all}}`
      if (line.includes('\n')) throw notPossible(`Format '${format}' wrote a record with a line break in it.`)
      if (!proved) proveJson(line, format)
      proved = true
      return line
    }
  },
}

function jsonOf(part: EncodedRecord['value']): string {
  if (part === null) return 'null'
  return typeof part === 'string' ? part : Buffer.from(part.buffer, part.byteOffset, part.length).toString()
}

function headersText(headers: NonNullable<EncodedRecord['headers']>): string {
  const texts = Object.entries(headers).map(([name, value]) => {
    const text = value === null || typeof value === 'string' ? value : Buffer.from(value).toString()
    return `${JSON.stringify(name)}:${JSON.stringify(text)}`
  })
  return `{${texts.join(',')}}`
}

/** Keys and values stand in the line as they are, so they must be JSON; a format that writes something else shows at once. */
function proveJson(line: string, format: string): void {
  try {
    JSON.parse(line)
  } catch {
    throw notPossible(`Format '${format}' writes keys or values that are no JSON.`)
  }
}

function notPossible(message: string): Error {
  return filesError('LINE_NOT_POSSIBLE', { message })
}
