import { bytes, count, span } from '../render/numbers.ts'
import type { Paint } from '../render/style.ts'
import { type Progress, type TableProgress, timeLeft } from './progress.ts'

const barWidth = 24
const tablesShown = 12

/** What a terminal shows of a run right now: a bar a table during the snapshot, one line while streaming. */
export function progressLines(progress: Progress, now: number, width: number, paint: Paint): string[] {
  const lines = progress.phase === 'snapshot' ? snapshotLines(progress, now, paint) : []
  return [...lines, statusLine(progress, now, width, paint)].map((line) => fit(line, width))
}

function snapshotLines(progress: Progress, now: number, paint: Paint): string[] {
  const tables = [...progress.tables.values()]
  const open = tables.filter(({ done }) => !done)
  const done = tables.filter((table) => table.done)
  // those being read first, then those that follow; what is done gives way
  const reading = open.toSorted((a, b) => Number(b.started !== undefined) - Number(a.started !== undefined))
  const shown = [...done.slice(-Math.max(2, tablesShown - reading.length)), ...reading].slice(0, tablesShown)
  const name = Math.min(40, Math.max(0, ...shown.map(({ table }) => table.length)))
  const rest = tables.length - shown.length
  const more = rest > 0 ? [paint('dim', `${count(rest)} more tables, ${done.length} of ${tables.length} done`)] : []
  return [...shown.map((table) => tableLine(table, name, now, paint)), ...more]
}

function tableLine(table: TableProgress, width: number, now: number, paint: Paint): string {
  const name = table.table.length > width ? `${table.table.slice(0, width - 1)}…` : table.table.padEnd(width)
  if (table.done) {
    const took = span((table.ended ?? now) - (table.started ?? now))
    return `${name} ${paint('green', '█'.repeat(barWidth))} ${count(table.rows)} rows in ${took}`
  }
  if (table.started === undefined) return `${name} ${paint('dim', '░'.repeat(barWidth))} waiting`
  // the estimate may be too low, and what is not done is not 100 %
  const part = table.expected === 0 ? undefined : Math.min(0.99, table.rows / table.expected)
  const filled = Math.floor((part ?? 0) * barWidth)
  const bar = paint('cyan', '█'.repeat(filled)) + paint('dim', '░'.repeat(barWidth - filled))
  const percent = part === undefined ? '    ' : `${Math.floor(part * 100)} %`.padStart(4)
  const left = timeLeft(table, now)
  const rate = table.rate.at(now)
  const facts = [`${count(table.rows)} rows`]
  if (rate !== undefined) facts.push(`${count(rate)} rows/s`)
  if (left !== undefined) facts.push(`${span(left)} left`)
  return `${name} ${bar} ${percent}  ${facts.join('  ')}`
}

function statusLine(progress: Progress, now: number, width: number, paint: Paint): string {
  const { fault, lag, checkpoint } = progress
  if (progress.phase === 'waiting' && fault !== undefined) {
    const wait = fault.until > now ? `again in ${span(fault.until - now)}` : 'trying again'
    return `${paint('yellow', 'waiting')}  ${fault.code}  ${wait}  ${fault.message}`
  }
  if (progress.phase === 'starting') return `${paint('dim', 'starting')}  ${span(now - progress.started)}`
  const unit = progress.phase === 'snapshot' ? 'rows' : 'changes'
  const facts = [`${count(progress.changesPerSecond(now) ?? 0)} ${unit}/s`]
  if (lag !== undefined) facts.push(`lag ${bytes(lag.bytes)}, ${span(lag.milliseconds)}`)
  if (checkpoint !== undefined) facts.push(`checkpoint ${span(now - checkpoint.at)} ago`)
  if (progress.skipped > 0) facts.push(`${count(progress.skipped)} skipped`)
  if (progress.rejected > 0) facts.push(`${count(progress.rejected)} dead letters`)
  facts.push(`${count(progress.changes)} in all`)
  const line = () => [progress.phase, ...facts].join('  ')
  // on a narrow terminal the last facts give way
  while (facts.length > 1 && line().length >= width) facts.pop()
  return `${paint('bold', progress.phase)}${line().slice(progress.phase.length)}`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const escapes = /\u001b\[[0-9;]*m/g

/** Cut to the terminal's width; a line that wraps could not be cleared. Colours are dropped when it is too long. */
export function fit(line: string, width: number): string {
  const plain = line.replace(escapes, '')
  return plain.length < width ? line : `${plain.slice(0, Math.max(1, width - 2))}…`
}
