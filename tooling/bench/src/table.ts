/** One row: our figure, a reference's, and what is wanted. Empty texts where a column says nothing. */
export interface TableRow {
  readonly case: string
  readonly ours: string
  readonly reference: string
  readonly ratio: string
  /** Microseconds a change of our process, and in brackets of the second half alone. */
  readonly cpu: string
  readonly peakRss: string
  readonly target: string
  readonly met: '' | 'met' | 'not met'
  /** What the texts were made of, for `--json`. */
  readonly figures: unknown
}

export const noRow: TableRow = {
  case: '',
  ours: '',
  reference: '',
  ratio: '',
  cpu: '',
  peakRss: '',
  target: '',
  met: '',
  figures: undefined,
}

const columns = [
  ['case', 'case'],
  ['ours', 'ours'],
  ['reference', 'reference'],
  ['ratio', 'ratio'],
  ['cpu', 'CPU µs/change'],
  ['peakRss', 'peak RSS'],
  ['target', 'target'],
  ['met', ''],
] as const

export const thousands = (value: number) => Math.round(value).toLocaleString('en')

export const perSecond = (value: number) => `${thousands(value)}/s`

export const megabytes = (bytes: number) => `${thousands(bytes / 1024 / 1024)} MB`

export const fixed = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2))

/** The table as text, with lines that end where their last cell does. */
export function renderTable(rows: readonly TableRow[]): string {
  const lines = [columns.map(([, title]) => title), ...rows.map((row) => columns.map(([key]) => row[key]))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The table in Markdown, for a page of the docs. */
export function markdownTable(rows: readonly TableRow[]): string {
  const lines = [
    columns.map(([, title]) => title),
    columns.map(() => '---'),
    ...rows.map((row) => columns.map(([key]) => row[key])),
  ]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}
