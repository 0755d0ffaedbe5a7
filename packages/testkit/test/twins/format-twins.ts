import type { ConfiguredFormat, Decoder, EncodedRecord, Encoder, Format, Row } from '@cdc/core'
import { type formatLaws, memoryFormat } from '../../src/index.ts'

export interface FormatTwin {
  readonly breaks: keyof typeof formatLaws
  readonly does: string
  /** Wraps one encoder; `instance` counts formats. */
  readonly encoder?: (encoder: Encoder, instance: number) => Encoder
  readonly decoder?: (decoder: Decoder) => Decoder
}

const headed = (records: readonly EncodedRecord[], nonce: number) =>
  records.map((record) => ({ ...record, headers: { nonce: String(nonce) } }))
const mapped = (row: Row, change: (cell: Row[number]) => Row[number]): Row => Array.from(row, change)

export const formatTwins: readonly FormatTwin[] = [
  {
    breaks: 'FORMAT-ROUND-TRIP',
    does: 'gives no record of a delete',
    encoder: (right) => ({ encode: (change) => (change.kind === 'delete' ? [] : right.encode(change)) }),
  },
  {
    breaks: 'FORMAT-VALUES',
    does: 'loses the sign of zero',
    encoder: (right) => ({
      encode: (change) =>
        right.encode(
          change.kind === 'insert'
            ? { ...change, after: mapped(change.after, (cell) => (cell === 0 ? 0 : cell)) }
            : change,
        ),
    }),
  },
  {
    breaks: 'FORMAT-UNDEFINED-IS-NOT-NULL',
    does: 'writes null for a cell that was not sent',
    encoder: (right) => ({
      encode: (change) =>
        right.encode(
          change.kind === 'update' ? { ...change, after: mapped(change.after, (cell) => cell ?? null) } : change,
        ),
    }),
  },
  {
    breaks: 'FORMAT-DETERMINISTIC',
    does: 'writes the number of the instance down',
    encoder: (right, instance) => ({ encode: (change) => headed(right.encode(change), instance) }),
  },
  {
    breaks: 'FORMAT-ENCODER-ONCE',
    does: 'counts its records',
    encoder(right) {
      let count = 0
      return { encode: (change) => headed(right.encode(change), count++) }
    },
  },
  {
    breaks: 'FORMAT-BYTES-STAY',
    does: 'encodes into one buffer',
    encoder(right) {
      const buffer = new Uint8Array(1_000_000)
      return {
        encode: (change) =>
          right.encode(change).map((record) => {
            if (typeof record.value !== 'string') return record
            const { written } = new TextEncoder().encodeInto(record.value, buffer)
            return { ...record, value: buffer.subarray(0, written) }
          }),
      }
    },
  },
  {
    breaks: 'FORMAT-RECORD',
    does: 'sends deletes elsewhere',
    encoder: (right) => ({
      encode: (change) =>
        right
          .encode(change)
          .map((record) => (change.kind === 'delete' ? { ...record, destination: 'message' } : record)),
    }),
  },
  {
    breaks: 'FORMAT-KEY',
    does: 'writes more into the key than the key',
    encoder: (right) => ({
      encode: (change) =>
        right.encode(change).map((record) => {
          if (typeof record.key !== 'string') return record
          return { ...record, key: `${record.key.slice(0, -1)},${JSON.stringify(change.kind)}]` }
        }),
    }),
  },
  {
    breaks: 'FORMAT-TOMBSTONE',
    does: 'fails on a record without a value',
    decoder: (right) => ({
      decode(key, value) {
        if (value === null) throw new TypeError('There is no value.')
        return right.decode(key, value)
      },
    }),
  },
  {
    breaks: 'FORMAT-GARBAGE',
    does: 'takes what it cannot read for nothing',
    decoder: (right) => ({
      decode(key, value) {
        try {
          return right.decode(key, value)
        } catch {
          return []
        }
      },
    }),
  },
]

/** The twin as a configured format; without a fault, the right one. */
export function twinFormat(twin: Partial<FormatTwin>): ConfiguredFormat {
  const right = memoryFormat({})
  let instances = 0
  return {
    ...right,
    create(context): Format {
      const made = right.create(context)
      const instance = instances++
      return {
        async encoder(table) {
          const encoder = await made.encoder(table)
          return twin.encoder?.(encoder, instance) ?? encoder
        },
        async decoder(table) {
          const decoder = await made.decoder(table)
          return twin.decoder?.(decoder) ?? decoder
        },
      }
    },
  }
}
