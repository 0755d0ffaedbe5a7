import type { Column, Logger, PlannedStatement, Resource, Table } from '@cdc/core'
import { tableName } from '@cdc/core'
import type { NamedSink, Pipeline } from '@cdc/runtime'
import type { Command } from 'commander'
import { sinkAdmin, sourceAdmin } from '../administration.ts'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { bytes } from '../render/numbers.ts'
import { type CommonOptions, type Session, tablesOf } from '../session.ts'

interface PlanOptions extends CommonOptions {
  readonly json?: boolean
}

interface SinkPlan {
  readonly name: string
  readonly connector: string
  readonly tables: readonly { readonly from: string; readonly to: string }[]
  /** Absent: the connector cannot tell. */
  readonly statements?: readonly PlannedStatement[]
}

interface Plan {
  readonly pipeline: string
  readonly state: string
  readonly source: {
    readonly connector: string
    readonly tables: readonly Table[]
    readonly statements: readonly PlannedStatement[]
    readonly resources: readonly Resource[]
  }
  readonly sinks: readonly SinkPlan[]
}

export function addPlan(program: Command): void {
  addCommand<PlanOptions>(
    program,
    'plan <file>',
    'show what a run would do: tables, types, statements, slot, publication',
    {
      text: 'Connects, and shows what a run would read, make and write. Changes nothing on either side.',
      examples: [
        ['cdc plan shop.yaml', 'for reading'],
        ['cdc plan shop.yaml --json | jq .source.tables', 'for a program'],
      ],
    },
    plan,
  ).option('--json', 'print JSON')
}

async function plan(session: Session, file: string, options: PlanOptions): Promise<number> {
  const { loaded, pipeline, logger } = await session.load(file, 'warn')
  const found = await makePlan(loaded, pipeline, logger)
  if (options.json) session.json(found)
  else printPlan(session, found)
  return 0
}

async function makePlan(loaded: LoadedPipeline, pipeline: Pipeline, logger: Logger): Promise<Plan> {
  const admin = sourceAdmin(loaded, logger)
  const tables = await admin.tables()
  const statements = await admin.plan()
  const resources = await admin.resources()
  const sinks: SinkPlan[] = []
  for (const sink of pipeline.sinks) sinks.push(await planSink(sink, tables, loaded, logger))
  const { connector } = loaded.source.configured
  return {
    pipeline: loaded.name,
    state: loaded.state.shown,
    source: { connector, tables, statements, resources },
    sinks,
  }
}

async function planSink(
  sink: NamedSink,
  tables: readonly Table[],
  loaded: LoadedPipeline,
  logger: Logger,
): Promise<SinkPlan> {
  const taken = sink.takes === undefined ? tables : tables.filter(sink.takes)
  const routed = tablesOf(sink, tables, loaded)
  const names = routed.map((table, index) => ({ from: tableName(taken[index]!), to: tableName(table) }))
  const admin = sinkAdmin(sink, loaded, logger)
  const { name, sink: configured } = sink
  const statements = admin === undefined ? undefined : await admin.plan(routed)
  return { name, connector: configured.connector, tables: names, ...(statements === undefined ? {} : { statements }) }
}

function printPlan(session: Session, { pipeline, state, source, sinks }: Plan): void {
  const title = (text: string) => session.print(session.paint('bold', text))
  title(`Pipeline ${pipeline}`)
  session.print(`  state: ${state}`)
  title(`\nSource ${source.connector}: ${source.tables.length} ${source.tables.length === 1 ? 'table' : 'tables'}`)
  for (const table of source.tables) printTable(session, table)
  for (const resource of source.resources.filter(({ own }) => own)) session.print(`  ${resourceText(resource)}`)
  printStatements(session, source.statements, 'Nothing has to be made at the source.')
  for (const sink of sinks) {
    title(`\nSink ${sink.name}${sink.name === sink.connector ? '' : ` (${sink.connector})`}`)
    for (const { from, to } of sink.tables) session.print(`  ${from} → ${to}`)
    if (sink.tables.length === 0)
      session.print(session.paint('yellow', '  No table: its `tables:` match none of the source.'))
    if (sink.statements !== undefined)
      printStatements(session, sink.statements, 'Nothing has to be made at the target.')
  }
}

function printTable(session: Session, table: Table): void {
  const key = table.key.map((index) => table.columns[index]!.name)
  const keyText = key.length === 0 ? session.paint('yellow', 'no key') : `key (${key.join(', ')})`
  const identity = table.identity === undefined ? '' : `, replica identity ${table.identity}`
  session.print(`  ${session.paint('cyan', tableName(table))}  ${keyText}${identity}`)
  const names = Math.max(0, ...table.columns.map(({ name }) => name.length))
  const types = Math.max(0, ...table.columns.map(({ native }) => native.length))
  for (const column of table.columns)
    session.print(`    ${column.name.padEnd(names)}  ${column.native.padEnd(types)}  ${columnNotes(column)}`.trimEnd())
}

function columnNotes(column: Column): string {
  const kind = column.type.kind === 'other' ? 'as text' : column.type.kind
  return [kind, column.nullable === false ? 'not null' : '', column.generated ? 'generated' : '']
    .filter(Boolean)
    .join(', ')
}

export function resourceText({ type, name, active, retained }: Resource): string {
  const held = retained === undefined ? '' : `, holds back ${bytes(retained)} of log`
  return `${type} ${name} exists${active ? ', in use' : ''}${held}`
}

function printStatements(session: Session, statements: readonly PlannedStatement[], none: string): void {
  if (statements.length === 0) session.print(session.paint('dim', `  ${none}`))
  for (const { sql, reason } of statements) {
    session.print(session.paint('dim', `  -- ${reason}`))
    const ended = /;\s*$/.test(sql) ? sql : `${sql};`
    session.print(ended.replace(/^/gm, '  '))
  }
}
