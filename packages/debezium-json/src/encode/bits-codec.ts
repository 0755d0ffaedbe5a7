import { asIs, type Codec, type Present } from './codec.ts'
import { booleanCodec, named } from './plain-codecs.ts'

/** The largest array in Java: the length of `bit varying` without one. */
const UNLIMITED = 2147483647

/** bit and varbit. One bit is a boolean, which an empty `bit varying(1)` cannot be. */
export function bitsCodec(length: number = UNLIMITED): Codec {
  if (length === 1)
    return {
      schema: booleanCodec.schema,
      write: (cell) => (cell === '' ? undefined : cell === '1' ? 'true' : 'false'),
      filler: 'false',
      zero: 'false',
      parse: asIs,
    }
  return {
    schema: named('bytes', 'io.debezium.data.Bits', { parameters: { length: String(length) } }),
    write: (cell: Present) => `"${littleEndian(cell as string).toString('base64')}"`,
    filler: '""',
    zero: '""',
    parse: asIs,
  }
}

/** The last bit is the lowest of the first byte; zero bytes at the end are left out. */
function littleEndian(bits: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  let used = 0
  for (let i = 0; i < bits.length; i++) {
    if (bits.charCodeAt(bits.length - 1 - i) !== 0x31) continue
    const at = i >> 3
    bytes[at]! |= 1 << (i & 7)
    used = at + 1
  }
  return bytes.subarray(0, used)
}
