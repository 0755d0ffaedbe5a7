import { parseDuration, type SinkComparer, type SourceComparer, type Table, tableName } from '@cdc/core'
import { type NamedSink, selectTables } from '@cdc/runtime'
import { type Command, InvalidArgumentError } from 'commander'
import { sinkAdmin, sourceAdmin } from '../administration.ts'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { confirm } from '../confirm.ts'
import { error } from '../errors.ts'
import { differencesFound } from '../exit-codes.ts'
import { count } from '../render/numbers.ts'
import { type CommonOptions, type Session, tablesOf } from '../session.ts'
import { pairOf, type TablePair } from '../verify/compared-table.ts'
import { id, type RowDifference, type Sides } from '../verify/settle.ts'
import { repairRows, type TableResult, verifyTable } from '../verify/verify-table.ts'

interface VerifyOptions extends CommonOptions {
  readonly sink?: string
  readonly table?: string
  readonly wait: number
  readonly limit: number
  readonly values?: boolean
  readonly repair?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

interface Shown extends RowDifference {
  readonly columns?: readonly {
    readonly name: string
    readonly source?: string | null
    readonly target?: string | null
  }[]
}

interface Report extends Omit<TableResult, 'differences'> {
  readonly sink: string
  readonly differences: readonly Shown[]
  readonly missing: number
  readonly extra: number
  readonly different: number
  readonly repaired: number
}

export function addVerify(program: Command): void {
  addCommand<VerifyOptions>(
    program,
    'verify <file>',
    'compare the rows of source and targets, under load; --repair writes what differs',
    {
      text: `Compares source and target by ranges of keys: each server counts the rows of a range and makes a checksum of them, and where the two differ the rows are looked at one by one. The pipeline may run and the source may change meanwhile: a row counts as different only when the pipeline has passed a moment at which the source had it as it still is. Tables without a key are compared as a whole. Exits with 1 when there is a difference.

With --repair the source's rows are written over those that differ, in transactions in which the pipeline cannot write: it may run, and waits meanwhile. A row that changes at that moment is left for the next time.`,
      examples: [
        ['cdc verify shop.yaml', 'all tables of all sinks that can be compared'],
        ["cdc verify shop.yaml --table 'public.orders' --values", 'with the values of cells that differ'],
        ['cdc verify shop.yaml --repair', 'shows what differs, asks, and writes'],
      ],
    },
    verify,
  )
    .option('--sink <name>', 'only this sink')
    .option('--table <pattern>', 'only tables of the source whose schema.table it matches wholly')
    .option('--wait <time>', 'how long to wait for the pipeline to get to where the source is', time, 30_000)
    .option('--limit <rows>', 'how many differences of a table to list', limit, 100)
    .option('--values', 'show the cells that differ; keys are always shown')
    .option('--repair', "write the source's rows over those that differ")
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print JSON')
}

function time(written: string): number {
  const milliseconds = parseDuration(written)
  if (milliseconds === undefined) throw new InvalidArgumentError('It must be a time span such as 500ms, 30s or 5 min.')
  return milliseconds
}

function limit(written: string): number {
  if (!/^\d+$/.test(written)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(written)
}

async function verify(session: Session, file: string, options: VerifyOptions): Promise<number> {
  const { loaded, pipeline, logger } = await session.load(file, 'warn')
  const sinks = chosen(pipeline.sinks, options.sink)
  if (options.repair && Object.keys(loaded.metadata).length > 0)
    throw error('VERIFY_IMPOSSIBLE', {
      message:
        'Rows cannot be repaired in a pipeline with `metadata`: when and by what a row was changed is not in the source.',
    })
  const admin = sourceAdmin(loaded, logger)
  const tables = await admin.tables()
  const source = await admin.compare?.()
  if (source === undefined) throw cannot(`Source '${loaded.source.configured.connector}'`)
  const reports: Report[] = []
  try {
    for (const sink of sinks) {
      const target = await sinkAdmin(sink, loaded, logger)?.compare?.()
      if (target === undefined) {
        if (options.sink !== undefined || sinks.length === 1) throw cannot(`Sink '${sink.name}'`)
        session.note(`Sink ${sink.name} (${sink.sink.connector}) cannot be compared.`)
        continue
      }
      try {
        reports.push(...(await verifySink(session, { source, target }, sink, tables, loaded, options)))
      } finally {
        await target.close()
      }
    }
  } finally {
    await source.close()
  }
  if (options.json) session.json(reports)
  const wrong = reports.filter((report) => differs(report) && report.repaired < report.differences.length)
  const whole = reports.filter(({ whole }) => whole?.equal === false)
  return wrong.length + whole.length > 0 ? differencesFound : 0
}

const cannot = (what: string) =>
  error('NOT_SUPPORTED', { message: `${what} cannot be compared.`, hint: 'postgres-cdc and jdbc can.' })

const differs = ({ differences, whole }: Report) => differences.length > 0 || whole?.equal === false

function chosen(sinks: readonly NamedSink[], name: string | undefined): readonly NamedSink[] {
  const found = name === undefined ? sinks : sinks.filter((sink) => sink.name === name)
  if (found.length > 0) return found
  const hint = `There are: ${sinks.map((sink) => sink.name).join(', ')}.`
  throw error('VERIFY_IMPOSSIBLE', { message: `The pipeline has no sink '${name}'.`, hint })
}

async function verifySink(
  session: Session,
  sides: { source: SourceComparer; target: SinkComparer },
  sink: NamedSink,
  all: readonly Table[],
  loaded: LoadedPipeline,
  options: VerifyOptions,
): Promise<Report[]> {
  const wanted = selectTables(options.table) ?? (() => true)
  const taken = (sink.takes === undefined ? all : all.filter(sink.takes)).filter(wanted)
  const reports: Report[] = []
  for (const table of taken) {
    const [routed] = tablesOf(sink, [table], loaded)
    const pair = await prepare(sides, table, { ...routed!, columns: table.columns })
    const result = await verifyTable(sides, pair, options.wait)
    const shown = await explain(sides, pair, result.differences.slice(0, options.limit), options.values === true)
    const number = (kind: string) => result.differences.filter(({ difference }) => difference === kind).length
    const counts = { missing: number('missing'), extra: number('extra'), different: number('different') }
    if (!options.json) print(session, sink.name, pair, result, shown)
    const repaired = options.repair ? await repair(session, sides, pair, result, options) : 0
    const differences = [...shown, ...result.differences.slice(options.limit)]
    reports.push({ sink: sink.name, ...result, ...counts, differences, repaired })
  }
  if (taken.length === 0) session.note(`Sink ${sink.name}: there is no table to compare.`)
  return reports
}

async function prepare({ source, target }: Sides, table: Table, routed: Table): Promise<TablePair> {
  const [here, there] = [await source.columns(table), await target.columns(routed)]
  if (here !== undefined && there !== undefined) return pairOf(table, routed, here, there)
  const where = { table: tableName(table) }
  const message = `${here === undefined ? 'The source' : 'The target'} has no table ${tableName(here === undefined ? table : routed)}.`
  throw error('VERIFY_IMPOSSIBLE', { message, hint: 'Run the pipeline first; `cdc plan` shows its tables.', where })
}

/** Which columns differ, of rows that are on both sides. */
async function explain(
  { source, target }: Sides,
  pair: TablePair,
  differences: readonly RowDifference[],
  values: boolean,
): Promise<Shown[]> {
  const keys = differences.filter(({ difference }) => difference === 'different').map(({ key }) => key)
  if (keys.length === 0) return [...differences]
  const texts = async (rows: Promise<readonly { key: readonly string[]; cells: readonly (string | null)[] }[]>) =>
    new Map((await rows).map(({ key, cells }) => [id(key), cells]))
  const here = await texts(source.textsOf(pair.source, keys))
  const there = await texts(target.textsOf(pair.target, keys))
  return differences.map((one) => {
    const [a, b] = [here.get(id(one.key)), there.get(id(one.key))]
    if (a === undefined || b === undefined) return one
    const columns = pair.source.columns.flatMap(({ name }, i) =>
      a[i] === b[i] ? [] : [{ name, ...(values ? { source: a[i]!, target: b[i]! } : {}) }],
    )
    return { ...one, columns }
  })
}

function print(session: Session, sink: string, pair: TablePair, result: TableResult, shown: readonly Shown[]): void {
  const { table, target, rows, differences, unsettled, behind, whole } = result
  const name = `${sink}: ${table}${target === table ? '' : ` → ${target}`}`
  const wrong = differences.length > 0 || whole?.equal === false
  const verdict = !wrong
    ? session.paint('green', 'equal')
    : session.paint('red', whole === undefined ? `${count(differences.length)} rows differ` : 'not equal')
  const wholly =
    whole === undefined || whole.equal
      ? ''
      : ` (${count(whole.sourceRows)} rows at the source, ${count(whole.targetRows)} at the target)`
  session.print(`${name}  ${count(rows)} rows  ${verdict}${wholly}`)
  const keys = pair.source.key.map((index) => pair.source.columns[index]!.name)
  for (const { key, difference, columns } of shown) {
    const place = keys.map((column, i) => `${column}=${key[i]}`).join(', ')
    session.print(`  ${difference.padEnd(9)}  ${place}${columns === undefined ? '' : `  ${columnsText(columns)}`}`)
  }
  if (differences.length > shown.length) session.print(`  and ${count(differences.length - shown.length)} more`)
  if (unsettled > 0)
    session.print(`  ${count(unsettled)} ${unsettled === 1 ? 'changes' : 'change'} too often to be compared`)
  if (behind && wrong)
    session.note(`  The pipeline did not get to where the source is in time: is it running? What differs may be lag.`)
}

function columnsText(columns: NonNullable<Shown['columns']>): string {
  const text = (value: string | null) => (value === null ? 'NULL' : JSON.stringify(value))
  const parts = columns.map(({ name, source, target }) =>
    source === undefined || target === undefined ? name : `${name}: ${text(source)} → ${text(target)}`,
  )
  return parts.join(', ')
}

async function repair(
  session: Session,
  sides: Sides,
  pair: TablePair,
  { table, differences }: TableResult,
  options: VerifyOptions,
): Promise<number> {
  if (differences.length === 0) return 0
  const question = `Write the source's rows over ${count(differences.length)} of ${table}?`
  if (!(await confirm(question, options.yes === true, session))) return 0
  const repaired = await repairRows(sides, pair, differences, options.wait)
  const left = differences.length - repaired
  const rest = left === 0 ? '' : `; ${count(left)} were not, since they changed or the pipeline is behind`
  if (!options.json) session.print(`  ${count(repaired)} repaired${rest}`)
  return repaired
}
