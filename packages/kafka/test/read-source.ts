import {
  type Batch,
  CdcError,
  type Change,
  type ConfiguredSource,
  isRowChange,
  isTableChange,
  type Logger,
  type Position,
  type Source,
  silentLogger,
} from '@cdc/core'

/** One instance of a source that is read piece by piece. */
export class Reading implements AsyncDisposable {
  readonly source: Source
  readonly batches: Batch[] = []
  readonly #stop = new AbortController()
  #iterator: AsyncIterator<Batch> | undefined

  private constructor(source: Source) {
    this.source = source
  }

  static async of(
    configured: ConfiguredSource,
    after?: Position,
    { logger = silentLogger, rows = 1000 }: { readonly logger?: Logger; readonly rows?: number } = {},
  ): Promise<Reading> {
    const source = configured.create({
      pipeline: 'test',
      logger,
      report() {},
      wants: { message: false, transaction: false },
      limits: { rows, bytes: 1_000_000 },
      shapes: new Map(),
    })
    const reading = new Reading(source)
    await source.open()
    reading.#iterator = source.read(after, reading.#stop.signal)[Symbol.asyncIterator]()
    return reading
  }

  /** The next batch; undefined at the end. Fails after a minute. */
  async next(): Promise<Batch | undefined> {
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error('Nothing came for a minute.')), 60_000)
    try {
      const result = await Promise.race([this.#iterator!.next(), promise])
      if (result.done) return undefined
      this.batches.push(result.value)
      return result.value
    } finally {
      clearTimeout(timer)
    }
  }

  /** Reads until so many rows have come in all. */
  async rows(count: number): Promise<unknown[][]> {
    while (this.changes.length < count) if ((await this.next()) === undefined) break
    return this.changes.map(rowOf)
  }

  /** Reads to the end. */
  async all(): Promise<unknown[][]> {
    while ((await this.next()) !== undefined);
    return this.changes.map(rowOf)
  }

  get changes(): Change[] {
    return this.batches.flatMap(({ changes }) => changes).filter((change) => change.kind !== 'schema')
  }

  get position(): Position {
    return this.batches.at(-1)!.position!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.source.close()
  }
}

/** The kind of a change, and its row. */
export function rowOf(change: Change): unknown[] {
  if (!isRowChange(change)) return [change.kind, isTableChange(change) ? change.table.name : '']
  return [change.kind, ...('after' in change ? change.after : change.before)]
}

/** Rows of several partitions have no order among them. */
export const sorted = (rows: readonly unknown[][]) => rows.map((row) => row.map(String).join()).sort()

/** The error that a promise is rejected with; fails when it is not. */
export async function failureOf(promise: Promise<unknown>): Promise<CdcError> {
  try {
    await promise
  } catch (error) {
    return CdcError.from(error)
  }
  throw new Error('It was expected to fail.')
}
