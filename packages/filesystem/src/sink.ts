import {
  type Batch,
  type Boundary,
  type BoundaryEncoder,
  CdcError,
  type EncodedRecord,
  type Encoder,
  type Format,
  isRowChange,
  type Message,
  type Position,
  type RowChange,
  type Sink,
  type SinkContext,
  sameShape,
  type Table,
  type Transaction,
  type Truncate,
  tableName,
} from '@cdc/core'
import { filesError } from './errors.ts'
import type { SinkSpec } from './filesystem.ts'
import { type LineOf, lineMakers } from './lines.ts'
import { Output } from './output.ts'
import type { OutputFile } from './output-file.ts'

/** Where the lines of a table go: its encoder, and the file of the moment. */
interface Target {
  readonly table: Table
  readonly encoder: Encoder
  readonly line: LineOf
  series: string
  file: OutputFile | undefined
  /** The transaction whose hour `series` has; only looked at where names have a date or an hour. */
  transaction: Transaction | undefined
}

/** Encodes changes into the lines of files; `Output` keeps the files. */
export class FilesystemSink implements Sink {
  readonly #spec: SinkSpec
  readonly #context: SinkContext
  readonly #targets = new WeakMap<Table, Target>()
  /** The last target of each table, by name, to take its encoder on. */
  readonly #latest = new Map<string, Target>()
  #output: Output | undefined
  #format: Format | undefined
  #boundaries: BoundaryEncoder | undefined
  #boundaryLine!: LineOf
  #timer: NodeJS.Timeout | undefined
  /** Calls and the timer's work, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #failure: CdcError | undefined
  #closed = false

  constructor(spec: SinkSpec, context: SinkContext) {
    this.#spec = spec
    this.#context = context
  }

  async open(): Promise<void> {
    const { folder, format, line, names, packer, mostOpen, rolling, checkInterval } = this.#spec
    const { pipeline, sink, logger, report } = this.#context
    this.#format = format.create({ pipeline, logger, report, role: 'value' })
    this.#boundaryLine = lineMakers[line](format.name)
    const depth = names.text.split('/').length - 1
    const lines = `${format.name}, ${line}`
    const output = new Output({ folder, pipeline, sink, depth, pack: packer(), mostOpen, rolling, lines, logger })
    await this.#inTurn(() => output.open())
    this.#output = output
    this.#timer = setInterval(() => this.#inTurn(() => output.rollIdle()).catch(() => undefined), checkInterval).unref()
  }

  async position(): Promise<Position | undefined> {
    return this.#output!.position
  }

  write(batch: Batch, signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#write(batch, signal))
  }

  flush(position: Position | undefined, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      signal.throwIfAborted()
      // rows of an unfinished table are not made durable: they would be there twice after a restart
      if (position === undefined) return
      await this.#heartbeat()
      await this.#output!.commit(position)
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    await this.#turn.catch(() => undefined)
    await this.#output?.close(this.#failure === undefined)
    await this.#format?.close?.()
  }

  /** After a throw nothing more is done. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        return await work()
      } catch (error) {
        this.#failure = CdcError.from(error)
        throw error
      }
    })
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { timed } = this.#spec.names
    const output = this.#output!
    for (const change of batch.changes) {
      if (!isRowChange(change) && change.kind !== 'truncate') {
        if (change.kind !== 'schema') await this.#boundary(change)
        continue
      }
      let target = this.#targets.get(change.table)
      if (target === undefined) target = await this.#targetOf(change.table)
      if (timed && target.transaction !== change.origin.transaction) this.#place(target, change.origin.transaction)
      const { file } = target
      const into = file === undefined || file.full ? await this.#fileOf(target, change.origin.transaction) : file
      try {
        this.#encode(target, change, into)
      } catch (error) {
        await this.#reject(change, CdcError.from(error).at({ table: tableName(change.table) }))
      }
      if (output.added(into)) {
        await output.drain()
        signal.throwIfAborted()
      }
    }
  }

  #encode(target: Target, change: RowChange | Truncate, file: OutputFile): void {
    let before: EncodedRecord | undefined
    for (const record of target.encoder.encode(change)) {
      const line = target.line(record)
      if (line === undefined) {
        // a tombstone is left out only after an event that says as much
        if (!(before?.value && sameKey(before.key, record.key)))
          throw tombstoneOnly(this.#spec.format.name, target.table)
      } else if (typeof line === 'string') file.buffer.addText(line)
      else file.buffer.addBytes(line)
      before = record
    }
  }

  /** A value that the format cannot write is set aside where the user tolerates that, before anything is flushed. */
  async #reject(change: RowChange | Truncate, error: CdcError): Promise<void> {
    if (error.kind !== 'data' || this.#context.reject === undefined) throw error
    await this.#context.reject(change, error)
  }

  /** The encoder of a shape: the last one where an equal shape has come as a new object. */
  async #targetOf(table: Table): Promise<Target> {
    const name = tableName(table)
    const latest = this.#latest.get(name)
    const same = latest !== undefined && sameShape(latest.table, table)
    const { format, line } = this.#spec
    const encoder = same ? latest.encoder : await this.#format!.encoder(table)
    const made: Target = {
      table,
      encoder,
      line: same ? latest.line : lineMakers[line](format.name, encoder.oneLine),
      series: '',
      file: undefined,
      transaction: undefined,
    }
    this.#targets.set(table, made)
    this.#latest.set(name, made)
    return made
  }

  /** The series that the names of the moment make. */
  #place(target: Target, transaction: Transaction): void {
    const { schema, name, database } = target.table
    target.transaction = transaction
    const time = Number(transaction.commitTime / 1000n)
    const series = this.#spec.names.series({ database: database ?? transaction.database, schema, table: name, time })
    if (series !== target.series) target.file = undefined
    target.series = series
  }

  async #fileOf(target: Target, transaction: Transaction): Promise<OutputFile> {
    if (target.series === '') this.#place(target, transaction)
    target.file = await this.#output!.fileOf(target.series)
    return target.file
  }

  /** Messages, and records about transactions. */
  async #boundary(change: Message | Boundary): Promise<void> {
    this.#boundaries ??= await this.#format!.boundaries?.()
    const { database, commitTime } = change.origin.transaction
    await this.#boundaries?.prepare?.(change)
    await this.#addApart(this.#boundaries?.encode(change), database, Number(commitTime / 1000n))
  }

  /** Comes from no database. Kept with the flush that it is asked for, so that a restart neither repeats nor tears it. */
  async #heartbeat(): Promise<void> {
    this.#boundaries ??= await this.#format!.boundaries?.()
    await this.#addApart(this.#boundaries?.heartbeat?.(), 'cdc', Date.now())
  }

  /** Records of no table, each kind as if it were a table of schema `cdc`. */
  async #addApart(records: readonly EncodedRecord[] = [], database: string, time: number): Promise<void> {
    for (const record of records) {
      const text = this.#boundaryLine(record)
      if (text === undefined) continue
      const place = { database, schema: 'cdc', table: record.destination, time }
      const series = this.#spec.names.series(place)
      const file = await this.#output!.fileOf(series)
      if (typeof text === 'string') file.buffer.addText(text)
      else file.buffer.addBytes(text)
      if (this.#output!.added(file)) await this.#output!.drain()
    }
  }
}

function sameKey(a: EncodedRecord['key'], b: EncodedRecord['key']): boolean {
  return a === b || (a !== null && b !== null && Buffer.from(a).equals(Buffer.from(b)))
}

function tombstoneOnly(format: string, table: Table): CdcError {
  const name = tableName(table)
  const message = `Format '${format}' writes a delete of ${name} as a tombstone, which 'sink.line: value' leaves out.`
  return filesError('TOMBSTONE_ONLY', { message, where: { table: name } })
}
