import { parseArgs } from 'node:util'

export const help = `pnpm bench [--quick] [--only TEXT]... [--without TEXT]... [--rows N] [--runs N] [--growth] [--debezium] [--json FILE]

Starts two PostgreSQL servers of its own, and a Kafka broker for the cases that want one, and measures snapshots and
streams against what PostgreSQL and Kafka themselves can do, ours and the references in turn. Rates are medians; CPU and memory are those of our process alone.

  --only TEXT    cases whose name holds TEXT; may be given several times
  --without TEXT not those whose name holds TEXT; may be given several times
  --quick        small counts and one run: a table in two minutes, with start-up counted in
  --rows N       rows of a snapshot, default 1,000,000; the other counts follow from it
  --inserts N    of one transaction, default rows / 2
  --updates N    transactions of one row each, default rows / 5
  --large N      rows of the large transaction, default rows x 5
  --tables N     default 500
  --seconds N    of latency and idleness, default 20
  --runs N       default 3; the large transaction once
  --growth       instead of the table: how cost grows with columns, row size, transaction size, tables, lag and cores
  --debezium     instead of the table: the real Debezium in Kafka Connect beside ours. Both come from Maven Central (40 MB,
                 once); Java is taken from JAVA_HOME or the PATH, else downloaded too
  --json FILE    all figures of all runs too, '-' for the standard output (the table goes to standard error then)
  --markdown     the table in Markdown
  --into F#NAME  the table in Markdown also into the page F, between the lines <!-- bench: NAME --> and <!-- /bench -->

pg_recvlogical and psql are taken from CDC_PG_BIN where it is set, else from the PATH.`

/** How much is measured. */
export interface Scale {
  readonly rows: number
  readonly inserts: number
  readonly updates: number
  readonly large: number
  readonly tables: number
  readonly seconds: number
  readonly runs: number
}

export interface BenchOptions {
  readonly help: boolean
  readonly growth: boolean
  readonly debezium: boolean
  readonly markdown: boolean
  readonly json: string | undefined
  /** A page and the name of the place in it, with # between them. */
  readonly into: string | undefined
  readonly scale: Scale
  /** Is this case wanted? */
  readonly takes: (name: string) => boolean
}

const count = { type: 'string' } as const

/** Throws an `Error` whose message is for people. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: count,
      inserts: count,
      updates: count,
      large: count,
      tables: count,
      seconds: count,
      runs: count,
      only: { type: 'string', multiple: true },
      without: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      into: { type: 'string' },
      quick: { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
      debezium: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { quick, only, without } = values
  const rows = whole(values.rows, quick ? 50_000 : 1_000_000)
  const scale: Scale = {
    rows,
    inserts: whole(values.inserts, Math.ceil(rows / 2)),
    updates: whole(values.updates, Math.ceil(rows / 5)),
    large: whole(values.large, rows * 5),
    tables: whole(values.tables, quick ? 20 : 500),
    seconds: whole(values.seconds, quick ? 2 : 20),
    runs: whole(values.runs, quick ? 1 : 3),
  }
  const takes = (name: string) => {
    const holds = (text: string) => name.includes(text)
    return (only === undefined || only.some(holds)) && !without.some(holds)
  }
  const { help, growth, debezium, markdown, json, into } = values
  return { help, growth, debezium, markdown, json, into, scale, takes }
}

function whole(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text.replaceAll(/[_,]/g, ''))
  if (!(Number.isInteger(value) && value > 0)) throw new Error(`'${text}' is no whole number above 0.`)
  return value
}
