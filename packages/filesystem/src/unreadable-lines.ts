import { Buffer, isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import type { CdcError, Logger } from '@cdc/core'
import { filesError } from './errors.ts'
import { coded } from './file-errors.ts'
import { jsonFault } from './json-fault.ts'
import type { Line } from './lines-of.ts'
import { unpacked } from './unpack.ts'

/** Lines that cannot be read: an error with their place, or, where they are tolerated, kept in a file. */
export class UnreadableLines {
  readonly #kept: string | undefined
  readonly #logger: Logger
  #count = 0

  /** `kept`: the file that takes them. Without it the first one is an error. */
  constructor(kept: string | undefined, logger: Logger) {
    this.#kept = kept
    this.#logger = logger
  }

  /** Resolves when the line is durable in the file. */
  async take(cause: CdcError, file: string, line: Line): Promise<void> {
    // a decoder that fails in another way has a bug, which is no fault of the line
    if (cause.kind !== 'data') throw cause
    const number = await lineNumber(file, line.offset)
    const fault = /^\s*[[{]/.test(line.bytes.toString('latin1', 0, 100)) ? jsonFault(line.bytes) : undefined
    const column = fault === undefined ? 1 : columnAt(line.bytes, fault)
    if (this.#kept === undefined) throw malformed(cause, file, line, { number, column, fault })
    const place = { file, line: number, column, offset: line.offset, code: cause.code }
    await keep(this.#kept, place, line)
    this.#count++
    this.#logger.warn({ ...place, count: this.#count, kept: this.#kept }, 'A line that cannot be read was set aside')
  }
}

interface Spot {
  readonly number: number
  readonly column: number
  readonly fault: number | undefined
}

function malformed(cause: CdcError, file: string, line: Line, { number, column, fault }: Spot): CdcError {
  const end = line.torn ? ', and so does the file' : ''
  const why =
    fault === undefined
      ? `is no record of the format (${cause.code}): ${cause.message}`
      : fault >= line.bytes.length
        ? `ends in the middle of its JSON${end}.`
        : 'is no JSON from there on.'
  const where = { ...cause.where, file, line: number }
  return filesError('LINE_MALFORMED', { message: `${file}:${number}:${column}: The line ${why}`, where, cause })
}

/** Lines are numbered from 1. Counted only when one is to be named. */
async function lineNumber(file: string, offset: number): Promise<number> {
  let number = 1
  let at = 0
  for await (const piece of unpacked(file, 0)) {
    const end = Math.min(piece.length, offset - at)
    for (let next = piece.indexOf(10); next >= 0 && next < end; next = piece.indexOf(10, next + 1)) number++
    at += piece.length
    if (at >= offset) break
  }
  return number
}

/** Columns count characters from 1. */
const columnAt = (bytes: Uint8Array, offset: number) => Buffer.from(bytes.subarray(0, offset)).toString().length + 1

async function keep(file: string, place: object, { bytes }: Line): Promise<void> {
  const content = isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString('base64') }
  await coded('write to', file, async () => {
    const handle = await open(file, 'a')
    try {
      await handle.appendFile(`${JSON.stringify({ at: new Date().toISOString(), ...place, ...content })}\n`)
      await handle.datasync()
    } finally {
      await handle.close()
    }
  })
}
