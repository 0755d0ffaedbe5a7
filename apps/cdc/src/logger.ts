import type { Logger } from '@cdc/core'
import { pino } from 'pino'
import { count } from './render/numbers.ts'
import type { Paint } from './render/style.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]
export const logFormats = ['json', 'pretty'] as const
export type LogFormat = (typeof logFormats)[number]

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly pipeline: string | undefined
  readonly paint: Paint
  /** Gets whole lines with their line feed. */
  readonly write: (line: string) => void
  readonly redact: (text: string) => string
}

/** Logs by pino: `time` (ISO), `level` (a word), `pipeline`, `msg`, then the fields of the event. */
export function createLogger({ level, format, pipeline, paint, write, redact }: LoggerOptions): Logger {
  const destination = {
    write: (line: string) => write(redact(format === 'json' ? line : pretty(line, paint))),
  }
  return pino(
    {
      level,
      base: pipeline === undefined ? {} : { pipeline },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: shown, error: shown },
    },
    destination,
  )
}

/** What may be said of an error: a driver's own message may hold values of a row. */
function shown(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name } = error
  return { name, ...('code' in error ? { code: String(error.code) } : {}) }
}

const colours = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const

function pretty(line: string, paint: Paint): string {
  const { time, level, msg, pipeline: _, ...fields } = JSON.parse(line) as Record<string, unknown>
  const clock = String(time).slice(11, 19)
  const word = String(level).toUpperCase().padEnd(5)
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`)
  const tail = rest.length === 0 ? '' : `  ${paint('dim', rest.join(' '))}`
  return `${paint('dim', clock)} ${paint(colours[level as keyof typeof colours] ?? 'red', word)} ${msg}${tail}\n`
}

function fieldText(value: unknown): string {
  if (typeof value === 'number') return count(value)
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)
}
