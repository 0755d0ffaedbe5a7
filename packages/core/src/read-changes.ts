import type { Batch, Position } from './batch.ts'
import { type Logger, type Report, silentLogger } from './context.ts'
import type { ConfiguredSource } from './define.ts'
import { CdcError, coreError } from './errors.ts'
import type { Source, SourceContext } from './source.ts'
import type { Table } from './table.ts'

export interface ReadChangesOptions {
  /** Names what the source keeps at its server between runs: PostgreSQL's slot is `cdc_<name>` unless told otherwise. */
  readonly name: string
  /** Resume after this position, the last one that was dealt with. Absent: from the start that the options name. */
  readonly after?: Position | undefined
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal
  /** Default: says nothing. */
  readonly logger?: Logger
  /** Told what happens. Must be quick and must not throw. */
  readonly observer?: (report: Report) => void
  /** Bounds of a batch; default 20,000 rows and 2 MiB. One row may be larger. */
  readonly limits?: Partial<SourceContext['limits']>
  /** Also read logical messages, or the bounds of transactions. Default: neither. */
  readonly wants?: Partial<SourceContext['wants']>
  /** Shapes that an earlier run saw last, by `schema.table`: gives schema changes their `previous`. */
  readonly shapes?: ReadonlyMap<string, Table>
}

/** Batches of a source, to be gone through once: `for await (const batch of changes)`. */
export interface Changes extends AsyncGenerator<Batch, void, undefined> {
  /**
   * Everything up to this position has been dealt with and will never be asked for again, so that the source may free
   * its log. Call it inside the loop, when the position is stored; not necessarily for every batch.
   */
  acknowledge(position: Position): Promise<void>
}

/**
 * Reads a source without a runtime: opens it when the first batch is asked for, hands its batches on, and closes it
 * when the loop is left, however it is. Nothing is retried, stored or acknowledged by itself: an error is thrown as a
 * `CdcError`, whose kind says whether reading again may help (`errorAction`).
 */
export function readChanges(configured: ConfiguredSource, options: ReadChangesOptions): Changes {
  const { signal = new AbortController().signal, name } = options
  let source: Source | undefined

  async function* batches(): AsyncGenerator<Batch, void, undefined> {
    source = configured.create(contextOf(options))
    try {
      if (!(await opened(source, signal))) return
      for await (const batch of source.read(options.after, signal)) yield batch
    } catch (failure) {
      throw CdcError.from(failure).at({ pipeline: name })
    } finally {
      const done = source
      source = undefined
      await done.close()
    }
  }

  return Object.assign(batches(), {
    acknowledge: async (position: Position) => {
      if (source === undefined)
        throw coreError('NOT_READING', { message: `Nothing is read, so nothing can be acknowledged.` })
      await source.acknowledge(position)
    },
  })
}

function contextOf({ name, logger, observer, limits, wants, shapes }: ReadChangesOptions): SourceContext {
  return {
    pipeline: name,
    logger: logger ?? silentLogger,
    report: observer ?? (() => {}),
    limits: { rows: 20_000, bytes: 2 * 1024 * 1024, ...limits },
    wants: { message: false, transaction: false, ...wants },
    shapes: shapes ?? new Map(),
  }
}

/** False: the signal came first. */
async function opened(source: Source, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  const aborted = Promise.withResolvers<false>()
  const abort = () => aborted.resolve(false)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([source.open().then(() => true), aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
