import { createHash } from 'node:crypto'

/** The version of the format that this program writes. */
export const STATE_FORMAT = 1

/** What a state file says of itself, before its text. */
export interface StateHeader {
  readonly pipeline: string
  readonly entry: string
  readonly generation: number
  /** Bytes of the text. */
  readonly length: number
}

export type StateFile =
  | { readonly status: 'intact'; readonly header: StateHeader; readonly text: string }
  | { readonly status: 'newer'; readonly version: number }
  | { readonly status: 'corrupt'; readonly reason: string }

/**
 * A state file: three parts, the first two end in a newline.
 *
 * `cdc-state <version> sha256:<64 hex digits>`, the header as JSON, the text. The hash covers the version and
 * everything after the first line. No later version may change the first line, so that a damaged file is never taken
 * for a newer one.
 */
export function encodeStateFile(header: Omit<StateHeader, 'length'>, text: string): Buffer {
  const { pipeline, entry, generation } = header
  const length = Buffer.byteLength(text)
  const body = Buffer.from(`${JSON.stringify({ pipeline, entry, generation, length })}\n${text}`)
  const version = String(STATE_FORMAT)
  return Buffer.concat([Buffer.from(`cdc-state ${version} sha256:${hash(version, body)}\n`), body])
}

/** Never throws: what cannot be trusted is `corrupt`. */
export function decodeStateFile(bytes: Buffer): StateFile {
  if (bytes.length === 0) return corrupt('it is empty')
  const end = bytes.indexOf(10)
  const first = /^cdc-state ([1-9]\d{0,8}) sha256:([0-9a-f]{64})$/.exec(bytes.toString('latin1', 0, Math.max(end, 0)))
  if (first === null) return corrupt('its first line is damaged')
  const body = bytes.subarray(end + 1)
  if (hash(first[1]!, body) !== first[2]) return corrupt('its checksum does not match')
  // from here on the bytes are those that were written
  const version = Number(first[1])
  if (version > STATE_FORMAT) return { status: 'newer', version }
  const start = body.indexOf(10)
  const header: StateHeader = JSON.parse(body.toString('utf8', 0, start))
  if (header.length !== body.length - start - 1) return corrupt('its length does not match')
  return { status: 'intact', header, text: body.toString('utf8', start + 1) }
}

const corrupt = (reason: string): StateFile => ({ status: 'corrupt', reason })

function hash(version: string, body: Buffer): string {
  return createHash('sha256').update(`${version}\n`).update(body).digest('hex')
}
