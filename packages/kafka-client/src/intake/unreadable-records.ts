import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import type { CdcError, Logger } from '@cdc/core'
import type { KafkaRecord, TopicPartition } from '../port.ts'
import { intakeError } from './errors.ts'

/** Records that cannot be read: an error with their place, or, where they are tolerated, kept in a file. */
export class UnreadableRecords {
  readonly #kept: string | undefined
  readonly #logger: Logger
  #count = 0

  /** `kept`: the file that takes them. Without it the first one is an error. */
  constructor(kept: string | undefined, logger: Logger) {
    this.#kept = kept
    this.#logger = logger
  }

  /** Resolves when the record is durable in the file. */
  async take(cause: CdcError, record: KafkaRecord, { topic, partition }: TopicPartition): Promise<void> {
    // a decoder that fails in another way has a bug, or cannot reach its registry: no fault of the record
    if (cause.kind !== 'data') throw cause
    if (this.#kept === undefined) {
      const { offset } = record
      throw intakeError('KAFKA_RECORD_MALFORMED', {
        message: `The record at offset ${offset} of topic '${topic}', partition ${partition}, cannot be read (${cause.code}): ${cause.message}`,
        where: { ...cause.where, position: `${topic}/${partition}@${offset}` },
        cause,
      })
    }
    await this.keep(cause, record, { topic, partition })
  }

  /** Keeps a record that is left out in any case, where there is a file. Resolves when it is durable in that. */
  async keep({ code }: CdcError, record: KafkaRecord, { topic, partition }: TopicPartition): Promise<void> {
    if (this.#kept === undefined) return
    const place = { topic, partition, offset: String(record.offset), code }
    await keep(this.#kept, place, record)
    this.#count++
    this.#logger.warn({ ...place, count: this.#count, kept: this.#kept }, 'A record that cannot be read was set aside')
  }
}

async function keep(file: string, place: object, { key, value }: KafkaRecord): Promise<void> {
  const entry = { at: new Date().toISOString(), ...place, key: content(key), value: content(value) }
  try {
    const handle = await open(file, 'a')
    try {
      await handle.appendFile(`${JSON.stringify(entry)}\n`)
      await handle.datasync()
    } finally {
      await handle.close()
    }
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code ?? 'unknown'
    const message = `Cannot write to ${file} (${code}).`
    throw intakeError('KAFKA_DEAD_LETTER_FILE', { message, where: { file }, cause: failure })
  }
}

const content = (bytes: Uint8Array | null) =>
  bytes === null
    ? null
    : isUtf8(bytes)
      ? { text: Buffer.from(bytes).toString() }
      : { base64: Buffer.from(bytes).toString('base64') }
