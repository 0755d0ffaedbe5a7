import type { Writable } from 'node:stream'
import { type Batch, defineSink, forEachRow, isRowChange, type Sink, type Table, tableName } from '@cdc/core'
import { printError } from './errors.ts'
import { printOptions } from './options.ts'
import { type RowPrinter, rowPrinter } from './row-text.ts'

/** Where the lines go: `error` with `standard-error`, else `output`. Never ended by the sink. */
export interface PrintOutputs {
  readonly output: Writable
  readonly error: Writable
}

/** The print sink on other streams than the process's: `printTo({ output: stream, error: stream })`. */
export function printTo(outputs: PrintOutputs) {
  return defineSink({
    name: 'print',
    description: 'Prints each change as a line, in the format of Flink’s print connector.',
    options: printOptions,
    capabilities: { accepts: 'retract' },
    create: (options) => {
      const stream = options['standard-error'] ? outputs.error : outputs.output
      return new PrintSink(stream, linePrefix(options['print-identifier'], options['sink.parallelism'] ?? 1))
    },
  })
}

/** The print sink: a line per changelog row, `+I[1, abc]`. */
export const print = printTo({
  get output() {
    return process.stdout
  },
  get error() {
    return process.stderr
  },
})

/** Flink: identifier and task number where there are several tasks; one of both; or nothing. */
function linePrefix(identifier: string | undefined, parallelism: number): string {
  const task = parallelism > 1 ? '1' : undefined
  const parts = [identifier, task].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : `${parts.join(':')}> `
}

class PrintSink implements Sink {
  readonly #output: Writable
  readonly #prefix: string
  readonly #printers = new WeakMap<Table, RowPrinter>()

  constructor(output: Writable, prefix: string) {
    this.#output = output
    this.#prefix = prefix
  }

  async open(): Promise<void> {
    this.#output.on('error', ignore)
  }

  /** Resolves at once while the stream has room, else when it has taken the lines. */
  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    const lines = this.#lines(batch)
    if (lines !== '') await this.#print(lines, 'room', signal)
  }

  async flush(_position: string | undefined, signal: AbortSignal): Promise<void> {
    // writes are taken in their order, so when this empty one has been, all were
    await this.#print('', 'written', signal)
  }

  async close(): Promise<void> {
    this.#output.off('error', ignore)
  }

  #lines(batch: Batch): string {
    let lines = ''
    for (const change of batch.changes) {
      if (isRowChange(change)) {
        const printRow = this.#printer(change.table)
        forEachRow(change, (kind, row) => {
          lines += `${this.#prefix}${printRow(kind, row)}\n`
        })
      } else if (change.kind === 'truncate') lines += `${this.#prefix}TRUNCATE ${tableName(change.table)}\n`
    }
    return lines
  }

  #printer(table: Table): RowPrinter {
    const known = this.#printers.get(table)
    if (known !== undefined) return known
    const printer = rowPrinter(table)
    this.#printers.set(table, printer)
    return printer
  }

  async #print(text: string, until: 'room' | 'written', signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      const room = this.#output.write(text, (error) => {
        signal.removeEventListener('abort', abort)
        if (error) reject(printError('PRINT_FAILED', { message: `Could not print: ${error.message}.`, cause: error }))
        else resolve()
      })
      if (room && until === 'room') resolve()
    })
  }
}

/** A stream whose reader is gone also emits the error, which ends the process where nobody listens. */
const ignore = () => {}
