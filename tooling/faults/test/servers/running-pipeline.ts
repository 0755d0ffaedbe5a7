import { CdcError, type Logger, type Report } from '@cdc/core'
import type { Pipeline } from '@cdc/runtime'
import { waitFor } from '@cdc/servers'

export interface LogLine {
  readonly level: string
  readonly code: string | undefined
  readonly message: string
}

/** A pipeline under way, with all that it has told. */
export class RunningPipeline {
  readonly reports: Report[] = []
  readonly logs: LogLine[] = []
  readonly #stop = new AbortController()
  readonly #done: Promise<CdcError | undefined>
  #ended = false

  constructor(make: (observer: (report: Report) => void, logger: Logger) => Pipeline) {
    const log = (level: string) => (fields: object, message: string) =>
      void this.logs.push({ level, message, code: 'code' in fields ? String(fields.code) : undefined })
    const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    this.#done = make((report) => void this.reports.push(report), logger)
      .run(this.#stop.signal)
      .then(
        () => undefined,
        (failure: unknown) => CdcError.from(failure),
      )
      .finally(() => {
        this.#ended = true
      })
  }

  get ended(): boolean {
    return this.#ended
  }

  count(type: Report['type']): number {
    return this.reports.filter((report) => report.type === type).length
  }

  /** The codes of the faults that it has met. */
  get codes(): string[] {
    return this.reports.flatMap((report) => (report.type === 'error' ? [report.code] : []))
  }

  /** Waits for the condition; throws what ended the pipeline before. */
  async until(condition: () => boolean | Promise<boolean>, describe: string): Promise<void> {
    await waitFor(async () => this.#ended || (await condition()), { timeout: 120_000, describe })
    if (!this.#ended || (await condition())) return
    const failure = await this.#done
    throw new Error(`The pipeline ended while ${describe} was waited for: ${failure?.code} ${failure?.message}`, {
      cause: failure,
    })
  }

  /** Waits until it streams, for the n-th time. */
  streaming(times = 1): Promise<void> {
    return this.until(() => this.count('streaming') >= times, `stream ${times}`)
  }

  /** The error that ends it. */
  async failure(): Promise<CdcError> {
    await waitFor(() => this.#ended, { timeout: 120_000, describe: 'the pipeline to refuse' })
    const failure = await this.#done
    if (failure === undefined) throw new Error('The pipeline ended without an error.')
    return failure
  }

  /** Stops it gracefully; throws what it threw. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const failure = await this.#done
    if (failure !== undefined) throw failure
  }
}
