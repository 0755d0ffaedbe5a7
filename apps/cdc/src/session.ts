import { CdcError, type Change, type Context, type Logger, type StateStoreFactory, type Table } from '@cdc/core'
import {
  addMetadata,
  directoryState,
  type NamedSink,
  type Pipeline,
  pipeline,
  routeTables,
  type Transform,
} from '@cdc/runtime'
import { ConfigProblems, loadPipeline } from './config/load.ts'
import type { LoadedPipeline } from './config/resolve.ts'
import type { StateConfig } from './config/state.ts'
import { exitCode } from './exit-codes.ts'
import { createLogger, type LogFormat, type LogLevel } from './logger.ts'
import { redactor } from './redact.ts'
import { docsLink, renderError } from './render/error-report.ts'
import { type Paint, paintFor } from './render/style.ts'

/** The options that every command has. */
export interface CommonOptions {
  readonly logLevel?: LogLevel
  readonly logFormat?: LogFormat
  readonly color: boolean
  readonly stack?: boolean
}

/** One command at work: its output, its logs, and what must not be shown in either. */
export class Session {
  /** For standard output. */
  readonly paint: Paint
  /** For standard error. */
  readonly errorPaint: Paint
  readonly logFormat: LogFormat
  readonly #options: CommonOptions
  /** Where log lines go; `run` puts a live display in between. */
  writeLog: (line: string) => void = (line) => void process.stderr.write(line)
  #redact = redactor([])
  #logger: Logger | undefined

  constructor(options: CommonOptions) {
    this.#options = options
    this.paint = paintFor(process.stdout, options.color, process.env)
    this.errorPaint = paintFor(process.stderr, options.color, process.env)
    this.logFormat = options.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json')
  }

  /** Reads a pipeline's file. `logs`: the level where none was asked for. */
  async load(file: string, logs: LogLevel): Promise<{ loaded: LoadedPipeline; pipeline: Pipeline; logger: Logger }> {
    const loaded = await loadPipeline(file, process.env)
    this.#redact = redactor(loaded.secrets)
    const logger = this.#createLogger(loaded.name, this.#options.logLevel ?? logs)
    return { loaded, logger, pipeline: assemble(loaded, logger) }
  }

  /** A line of the command's result. */
  print(line = ''): void {
    process.stdout.write(`${this.#redact(line)}\n`)
  }

  /** A line for the person, beside the result. */
  note(line: string): void {
    process.stderr.write(`${this.#redact(line)}\n`)
  }

  json(value: unknown): void {
    this.print(JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? String(one) : one), 2))
  }

  /** Reports why the command failed, and gives the exit code. `asLog`: as a log line, where logs are JSON. */
  fail(thrown: unknown, asLog: boolean): number {
    const error = CdcError.from(thrown)
    if (asLog && this.logFormat === 'json') this.#logError(error)
    else this.note(renderError(error, this.errorPaint, this.#options.stack === true))
    return exitCode(error)
  }

  #logError(error: CdcError): void {
    const logger = this.#logger ?? this.#createLogger(undefined, 'error')
    const { code, kind, where, hint, message, cause } = error
    const { pipeline: _, ...place } = where
    if (cause instanceof ConfigProblems) {
      for (const { message, code, line, column, hint } of cause.problems)
        logger.error({ code, kind, file: cause.file, line, column, hint, docs: docsLink(code) }, message)
      return
    }
    const stack = this.#options.stack ? { stack: renderError(error, (_f, text) => text, true).split('\n') } : {}
    logger.error({ code, kind, ...place, hint, docs: docsLink(code), ...stack }, message)
  }

  #createLogger(pipeline: string | undefined, level: LogLevel): Logger {
    const { logFormat: format, errorPaint: paint } = this
    const write = (line: string) => this.writeLog(line)
    this.#logger = createLogger({ level, format, pipeline, paint, write, redact: (text) => this.#redact(text) })
    return this.#logger
  }
}

/** The pipeline of a file. Judges what can be judged without a connection; throws a `config` error. */
export function assemble(loaded: LoadedPipeline, logger: Logger, observer?: Context['report']): Pipeline {
  const { name, source, sinks, state, limits, deadLetters } = loaded
  return pipeline({
    name,
    source: source.configured,
    sinks,
    state: stateFor(state, logger),
    limits,
    deadLetters,
    logger,
    transforms: transformsOf(loaded),
    ...(observer === undefined ? {} : { observer }),
  })
}

/** A store that has to fall back to an older generation says so in the log. */
function stateFor({ directory, factory }: StateConfig, logger: Logger): StateStoreFactory {
  if (directory === undefined) return factory
  return directoryState(directory, { onWarning: ({ code, message }) => logger.warn({ code }, message) })
}

/** What stands between source and sinks: metadata is the source's own, so it comes before the routes. */
function transformsOf({ metadata, routes }: LoadedPipeline): Transform[] {
  return [
    ...(Object.keys(metadata).length === 0 ? [] : [addMetadata(metadata)]),
    ...(routes.length === 0 ? [] : [routeTables(routes)]),
  ]
}

/** What the admin side of a connector is told. */
export function contextOf(loaded: LoadedPipeline, logger: Logger): Context {
  return { pipeline: loaded.name, logger, report: () => {} }
}

/** The tables that a sink would get, under the names and with the columns that it would see. */
export function tablesOf(sink: NamedSink, tables: readonly Table[], loaded: LoadedPipeline): Table[] {
  const taken = sink.takes === undefined ? tables : tables.filter(sink.takes)
  // transforms work on changes, so each table travels as one
  const transaction = { connector: '', database: '', commitTime: 0n, commit: 0n }
  const origin = { transaction, offset: 0n, order: 0 }
  const changes = taken.map((table): Change => ({ kind: 'schema', table, origin }))
  const seen = transformsOf(loaded).reduce((all: readonly Change[], one) => one(all), changes)
  return seen.flatMap((change) => (change.kind === 'schema' ? [change.table] : []))
}
