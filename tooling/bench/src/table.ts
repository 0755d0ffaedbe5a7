import { type Measurement, rate } from './measure.ts'

export interface TableRow {
  readonly case: string
  readonly ours: Measurement
  readonly reference: string
  readonly measured: Measurement | undefined
}

const thousands = (value: number) => Math.round(value).toLocaleString('en')

/** One row a case: ours, the reference, their ratio, CPU a change, memory. */
export function printTable(rows: readonly TableRow[]): void {
  const cells = rows.map(({ case: name, ours, reference, measured }) => [
    name,
    `${thousands(rate(ours))}/s`,
    measured === undefined ? `${reference}: not installed` : `${thousands(rate(measured))}/s`,
    measured === undefined ? '' : (rate(ours) / rate(measured)).toFixed(2),
    ours.cpu === undefined ? '' : (ours.cpu / ours.changes).toFixed(2),
    ours.peakRss === undefined ? '' : `${thousands(ours.peakRss / 1024 / 1024)} MB`,
  ])
  const head = ['case', 'ours', 'reference', 'ratio', 'CPU µs/change', 'peak RSS']
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  console.log([line(head), ...cells.map(line)].join('\n'))
  for (const reference of new Set(rows.map((row) => row.reference))) console.log(`reference: ${reference}`)
}
