import type { Logger, Report } from '@cdc/core'
import type { MetricsEndpoint } from '@cdc/metrics'
import type { Summary } from '@cdc/runtime'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { forced } from '../exit-codes.ts'
import { armFromEnvironment } from '../failpoints.ts'
import { LiveDisplay } from '../progress/live-display.ts'
import { Progress } from '../progress/progress.ts'
import { progressLines } from '../progress/progress-lines.ts'
import { ReportLog } from '../progress/report-log.ts'
import { count, span } from '../render/numbers.ts'
import { assemble, type CommonOptions, type Session } from '../session.ts'

interface RunOptions extends CommonOptions {
  readonly progress: boolean
  readonly metricsPort?: number
}

export function addRun(program: Command): void {
  addCommand<RunOptions>(
    program,
    'run <file>',
    'run a pipeline until it is done or stopped',
    {
      text: `Takes a snapshot of the tables, follows every change after it, and goes on where it stopped.

On a terminal it shows a bar a table and one status line; elsewhere it logs JSON to standard error. SIGINT (Ctrl-C) and SIGTERM stop it gracefully: what was read is written, saved and acknowledged. A second one ends it at once; then the next start repeats what was not saved, and loses nothing.`,
      examples: [
        ['cdc run shop.yaml', 'until Ctrl-C'],
        ['PGPASSWORD=... cdc run shop.yaml', 'the file asks for ${env:PGPASSWORD}'],
        ['cdc run shop.yaml --log-format json 2>> shop.log', 'logs to a file'],
        ['cdc run shop.yaml --log-level debug --no-progress', 'everything, line by line'],
        ['cdc run shop.yaml --metrics-port 9464', 'with http://127.0.0.1:9464/metrics, /healthz and /readyz'],
      ],
    },
    run,
    true,
  )
    .addOption(new Option('--no-progress', 'log lines instead of bars on a terminal'))
    .option('--metrics-port <port>', 'serve metrics and health there, whatever the file says', port)
}

function port(written: string): number {
  if (/^\d{1,5}$/.test(written) && Number(written) <= 65_535) return Number(written)
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

/** Undefined where none are asked for. The package is loaded when they are. */
async function serveMetrics(
  loaded: LoadedPipeline,
  options: RunOptions,
  logger: Logger,
): Promise<MetricsEndpoint | undefined> {
  const { metricsPort } = options
  if (loaded.metrics === undefined && metricsPort === undefined) return undefined
  const { startMetricsServer } = await import('@cdc/metrics')
  const wanted = { port: metricsPort ?? loaded.metrics!.port, host: loaded.metrics?.host ?? '127.0.0.1' }
  const endpoint = await startMetricsServer({ pipeline: loaded.name, ...wanted })
  logger.info({ urls: endpoint.urls }, `metrics at ${endpoint.urls.map((url) => `${url}/metrics`).join(' and ')}`)
  return endpoint
}

async function run(session: Session, file: string, options: RunOptions): Promise<number> {
  const { loaded, logger } = await session.load(file, 'info')
  armFromEnvironment(process.env)
  // before anything is drawn or opened: a port that is taken is told at once
  const metrics = await serveMetrics(loaded, options, logger)
  const progress = new Progress(Date.now())
  const display = options.progress && canDraw(session, loaded) ? drawn(session, progress) : undefined
  const reports = new ReportLog(logger, progress, Date.now(), display !== undefined)
  const observer = (report: Report) => {
    progress.apply(report, Date.now())
    reports.apply(report, Date.now())
    metrics?.observer(report)
  }
  const stop = stopOnSignals(logger)
  const { signal } = stop
  try {
    const pipeline = assemble(loaded, logger, observer)
    const sinks = pipeline.sinks.map(({ name }) => name)
    const source = loaded.source.configured.connector
    logger.info({ file, source, sinks, state: loaded.state.shown }, 'pipeline starting')
    const summary = await pipeline.run(signal)
    display?.stop()
    tell(summary, progress, loaded, logger)
    return 0
  } finally {
    display?.stop()
    stop.forget()
    await metrics?.close()
  }
}

/** A sink that prints to the same terminal would tear the drawn lines. */
function canDraw(session: Session, loaded: LoadedPipeline): boolean {
  const prints = loaded.sinks.some(({ sink }) => sink.connector === 'print')
  return process.stderr.isTTY && session.logFormat === 'pretty' && !(prints && process.stdout.isTTY)
}

function drawn(session: Session, progress: Progress): LiveDisplay {
  const lines = (width: number) => progressLines(progress, Date.now(), width, session.errorPaint)
  const display = new LiveDisplay(process.stderr, lines)
  session.writeLog = (line) => display.print(line)
  return display
}

function tell(
  { reason, changes, position }: Summary,
  progress: Progress,
  loaded: LoadedPipeline,
  logger: Logger,
): void {
  const milliseconds = Date.now() - progress.started
  const { positions } = loaded.source.configured
  const saved = position === undefined ? undefined : positions.describe(position)
  const text = `pipeline ${reason}: ${count(changes)} changes in ${span(milliseconds)}`
  logger.info({ reason, changes, milliseconds, ...(saved === undefined ? {} : { position: saved }) }, text)
}

/** The first signal asks the pipeline to stop, the second ends the process. */
function stopOnSignals(logger: Logger): { signal: AbortSignal; forget(): void } {
  const controller = new AbortController()
  const stop = (name: 'SIGINT' | 'SIGTERM') => {
    if (controller.signal.aborted) process.exit(forced[name])
    logger.info({ signal: name }, 'stopping: what was read is being written and saved; once more ends at once')
    controller.abort()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  const forget = () => void process.off('SIGINT', stop).off('SIGTERM', stop)
  return { signal: controller.signal, forget }
}
