/** What a file holds the records of. */
export interface FilePlace {
  readonly database: string
  readonly schema: string
  readonly table: string
  /** Milliseconds since 1970; only looked at where the pattern has a date or an hour. */
  readonly time: number
}

const tokens = ['database', 'schema', 'table', 'date', 'hour', 'sequence'] as const
type Token = (typeof tokens)[number]

const written = /\$\{([^}]*)\}/g
const shapes: Readonly<Record<Token, string>> = {
  database: '[^/]+',
  schema: '[^/]+',
  table: '[^/]+',
  date: '\\d{4}-\\d{2}-\\d{2}',
  hour: '\\d{2}',
  sequence: '\\d{6,}',
}

/** The pattern of file names, such as `${table}/${date}/part-${sequence}.jsonl`. */
export class FilePattern {
  readonly text: string
  readonly rolls: boolean
  readonly timed: boolean

  constructor(text: string) {
    this.text = text
    this.rolls = text.includes('${sequence}')
    this.timed = text.includes('${date}') || text.includes('${hour}')
  }

  /** The name for a place, `${sequence}` left as it is: what is the same for all files that follow each other. */
  series(place: FilePlace): string {
    return this.text.replaceAll(written, (whole, token: Token) => {
      if (token === 'sequence') return whole
      if (token === 'date') return new Date(place.time).toISOString().slice(0, 10)
      if (token === 'hour') return new Date(place.time).toISOString().slice(11, 13)
      return inName(place[token])
    })
  }

  /** Does a name, with the folders before it, come from this pattern? */
  get names(): RegExp {
    return new RegExp(`^${expression(this.text)}$`)
  }
}

/** The name of one file of a series. */
export function nameInSeries(series: string, sequence: number): string {
  return series.replaceAll('${sequence}', String(sequence).padStart(6, '0'))
}

/** Finds the sequence of a name of this series, as its first group. */
export function seriesExpression(series: string): RegExp {
  const parts = series.split('${sequence}').map(escaped)
  return new RegExp(`^${parts[0]}(\\d{6,})${parts.slice(1).join('\\d{6,}')}$`)
}

/** What is wrong with a pattern, or undefined. */
export function patternFault(text: string): string | undefined {
  for (const [whole, token] of text.matchAll(written))
    if (!tokens.includes(token as Token))
      return `has ${whole}, and knows ${tokens.map((one) => `\${${one}}`).join(', ')}`
  const parts = text.split('/')
  if (parts.some((part) => part === '' || part === '..'))
    return 'must be a name, or names of folders and a name, below `path`'
  if (parts.some((part) => /^[._]/.test(part)))
    return 'has a name that begins with . or _, which readers leave out as hidden'
  if (/[\\\p{Cc}]/u.test(text)) return 'has a backslash or a control character'
  const { rolls, timed } = new FilePattern(text)
  if (timed && !rolls)
    return 'has a date or an hour, so it needs ${sequence} too: a file that is finished is not opened again'
  return undefined
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function expression(text: string): string {
  return text
    .split(written)
    .map((part, index) => (index % 2 === 0 ? escaped(part) : shapes[part as Token]))
    .join('')
}

/** A name of a table as a part of a file's name: no dots, slashes, or what some file system refuses. */
function inName(text: string): string {
  if (text === '') return '%'
  return text.replace(
    /[%./\\:*?"<>|$\p{Cc}]|^[_ ]| $/gu,
    (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
