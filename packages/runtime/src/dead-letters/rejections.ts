import { CdcError, type Logger, type Origin, type Report, tableName } from '@cdc/core'
import { DeadLetterFile } from './dead-letter-file.ts'
import { makeLetter, type Rejectable } from './letter.ts'

export interface RejectionSetup {
  readonly directory: string
  readonly pipeline: string
  readonly sink: string
  readonly logger: Logger
  readonly report: (report: Report) => void
  /** Where a change lies in the source's log, for people. */
  readonly place: (origin: Origin) => string
}

/** What one life of a sink sets aside: on the disk first, then logged, counted and reported. */
export class Rejections {
  readonly #setup: RejectionSetup
  readonly #file: DeadLetterFile
  readonly #pending = new Set<Promise<void>>()
  readonly #equals = new Map<string, number>()

  constructor(setup: RejectionSetup) {
    this.#setup = setup
    this.#file = new DeadLetterFile(setup.directory, setup.pipeline, setup.sink)
  }

  /** Before the first row: a file that cannot be written should be known now. */
  open(): Promise<void> {
    return this.#file.open()
  }

  /** Rejects with an error that is none of the data: only such are tolerated. */
  reject(change: Rejectable, error: CdcError): Promise<void> {
    const cause = CdcError.from(error)
    if (cause.kind !== 'data') return Promise.reject(cause)
    const kept = this.#keep(change, cause)
    this.#pending.add(kept)
    kept.catch(() => undefined).finally(() => this.#pending.delete(kept))
    return kept
  }

  /** All that was set aside is on the disk; throws what was not. Asked before anything is saved or acknowledged. */
  async settle(): Promise<void> {
    if (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #keep(change: Rejectable, error: CdcError): Promise<void> {
    const { sink, logger, report, place } = this.#setup
    const position = place(change.origin)
    const letter = makeLetter(sink, change, error.at({ sink }), position, this.#equals)
    await this.#file.append(letter)
    const { id, table, code, message } = letter
    const { column } = error.where
    logger.warn(
      { sink, table, ...(column === undefined ? {} : { column }), code, position, id, file: this.#file.path },
      `A change was set aside: ${message}`,
    )
    report({ type: 'rejected', sink, table: tableName(change.table), code })
  }
}
