import { Buffer } from 'node:buffer'
import { filesError } from './errors.ts'

const newline = 10

/** One line, without its end. */
export interface Line {
  readonly bytes: Buffer
  /** Where it begins in the file, unpacked. */
  readonly offset: number
  /** Where the next one begins. */
  readonly end: number
  /** Was there no line break at its end? */
  readonly torn: boolean
}

/** The lines of pieces of a file. The last one is given as `torn` when it has no end. */
export async function* linesOf(
  pieces: AsyncIterable<Buffer>,
  { path, offset, longest }: { readonly path: string; readonly offset: number; readonly longest: number },
): AsyncGenerator<readonly Line[]> {
  let begun: Buffer[] = []
  let length = 0
  let at = offset
  for await (const piece of pieces) {
    const lines: Line[] = []
    let from = 0
    for (let to = piece.indexOf(newline); to >= 0; to = piece.indexOf(newline, from)) {
      const rest = piece.subarray(from, to)
      const bytes = begun.length === 0 ? rest : Buffer.concat([...begun, rest])
      lines.push({ bytes: withoutReturn(bytes), offset: at, end: at + bytes.length + 1, torn: false })
      at += bytes.length + 1
      begun = []
      length = 0
      from = to + 1
    }
    if (lines.length > 0) yield lines
    if (from < piece.length) {
      begun.push(piece.subarray(from))
      length += piece.length - from
    }
    if (length > longest) throw tooLong(path, at, longest)
  }
  if (length > 0) yield [{ bytes: Buffer.concat(begun), offset: at, end: at + length, torn: true }]
}

/** Windows ends lines with two characters. */
const withoutReturn = (bytes: Buffer) => (bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes)

function tooLong(path: string, offset: number, longest: number): Error {
  const message = `In ${path} the line that begins at byte ${offset} has more than ${longest} bytes.`
  return filesError('LINE_TOO_LONG', { message, where: { file: path } })
}
