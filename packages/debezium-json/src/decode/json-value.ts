import { type ParseErrorCode, printParseErrorCode, visit } from 'jsonc-parser'
import { error } from '../errors.ts'

/** A number's own text: neither an int64 nor a decimal may go through a double. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type JsonObject = ReadonlyMap<string, JsonValue>
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject

/** JSON with its numbers as text. Throws RECORD_MALFORMED with the line and column, both from 1. */
export function parseJson(text: string, part: 'key' | 'value'): JsonValue {
  let root: JsonValue | undefined
  let name = ''
  const open: (JsonValue[] | Map<string, JsonValue>)[] = []
  const add = (value: JsonValue) => {
    const parent = open.at(-1)
    if (parent === undefined) root = value
    else if (parent instanceof Map) parent.set(name, value)
    else parent.push(value)
  }
  const begin = (value: JsonValue[] | Map<string, JsonValue>) => {
    add(value)
    open.push(value)
  }
  visit(
    text,
    {
      onObjectBegin: () => begin(new Map()),
      onObjectEnd: () => void open.pop(),
      onArrayBegin: () => begin([]),
      onArrayEnd: () => void open.pop(),
      onObjectProperty: (property) => {
        name = property
      },
      onLiteralValue: (value, offset, length) => {
        add(typeof value === 'number' ? new JsonNumber(text.slice(offset, offset + length)) : value)
      },
      onError: (code, _offset, _length, line, character) => {
        throw malformed(part, printParseErrorCode(code as ParseErrorCode), line + 1, character + 1)
      },
    },
    { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
  )
  if (root === undefined) throw malformed(part, 'ValueExpected', 1, 1)
  return root
}

function malformed(part: string, problem: string, line: number, column: number) {
  return error('RECORD_MALFORMED', {
    message: `The ${part} of a record is no JSON at line ${line}, column ${column} (${problem}).`,
    where: { line },
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** The text of a record's bytes. Throws RECORD_MALFORMED where they are no UTF-8. */
export function textOf(bytes: Uint8Array, part: 'key' | 'value'): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw error('RECORD_MALFORMED', { message: `The ${part} of a record holds bytes that are no UTF-8.`, cause })
  }
}
