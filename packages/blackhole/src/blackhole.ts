import { type Batch, defineOptions, defineSink, isRowChange, type Logger, type Sink } from '@cdc/core'

/** The blackhole sink: takes everything as fast as it comes and keeps only counts, which it logs when it closes. */
export const blackhole = defineSink({
  name: 'blackhole',
  description: 'Takes every change and keeps none: for measuring a source.',
  // Flink's blackhole has none either
  options: defineOptions({}),
  capabilities: { accepts: 'retract' },
  create: (_options, { logger, sink }) => new BlackholeSink(logger, sink),
})

class BlackholeSink implements Sink {
  readonly #logger: Logger
  readonly #name: string
  #batches = 0
  #changes = 0
  #rows = 0

  constructor(logger: Logger, name: string) {
    this.#logger = logger
    this.#name = name
  }

  async open(): Promise<void> {}

  async write(batch: Batch): Promise<void> {
    this.#batches++
    this.#changes += batch.changes.length
    for (const change of batch.changes) if (isRowChange(change)) this.#rows++
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    const counts = { sink: this.#name, batches: this.#batches, changes: this.#changes, rows: this.#rows }
    this.#logger.info(counts, 'blackhole took everything')
  }
}
