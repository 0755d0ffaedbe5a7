import type { Logger, SinkAdmin, Table } from '@cdc/core'
import { tableName } from '@cdc/core'
import type { Pipeline } from '@cdc/runtime'
import type { Command } from 'commander'
import { sinkAdmin } from '../administration.ts'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf, type Session, tablesOf } from '../session.ts'
import { resourceText } from './plan.ts'

interface ResetOptions extends CommonOptions {
  readonly rows?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
}

interface Target {
  readonly name: string
  readonly admin: SinkAdmin | undefined
  readonly tables: readonly Table[]
}

export function addReset(program: Command): void {
  addCommand<ResetOptions>(
    program,
    'reset <file>',
    'start over: forget the state, drop the slot, and with --rows empty the target',
    {
      text: `Forgets what the pipeline has done, so that the next run begins with a new snapshot: its state, its slot at the source and the position at the target. Rows at the target stay, unless --rows is given. The pipeline must be stopped.`,
      examples: [
        ['cdc reset shop.yaml --dry-run', 'shows what would be done'],
        ['cdc reset shop.yaml', 'asks first'],
        ['cdc reset shop.yaml --rows --yes', 'the rows at the target too, without asking'],
      ],
    },
    reset,
  )
    .option('--rows', "also empty the pipeline's tables at the target")
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'show what would be done, and do nothing')
}

async function reset(session: Session, file: string, options: ResetOptions): Promise<number> {
  const { loaded, pipeline, logger } = await session.load(file, 'warn')
  const rows = options.rows === true
  const source = loaded.source.configured.admin?.(contextOf(loaded, logger))
  const targets = targetsOf(loaded, pipeline, (await source?.tables()) ?? [], logger)
  const own = ((await source?.resources()) ?? []).filter((resource) => resource.own)
  session.note(`To start pipeline ${loaded.name} over:`)
  session.note(`  forget the state (${loaded.state.shown})`)
  for (const resource of own) session.note(`  drop ${resourceText(resource).replace(' exists', '')}`)
  for (const target of targets) for (const line of targetLines(target, rows)) session.note(`  ${line}`)
  if (options.dryRun) {
    session.note('Nothing was changed.')
    return 0
  }
  if (!(await confirm('Start over?', options.yes === true, session))) return 0
  const store = loaded.state.factory(loaded.name)
  // the lease proves that the pipeline does not run
  await store.open()
  try {
    // the state goes last: a reset that fails half way leaves it, and the next run stops rather than guesses
    for (const { admin, tables } of targets)
      for (const done of (await admin?.reset(tables, { rows })) ?? []) session.print(capital(done))
    for (const done of (await source?.reset()) ?? []) session.print(capital(done))
    await store.clear()
    session.print(`Forgot the state (${store.describe()}).`)
  } finally {
    await store.close()
  }
  return 0
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

function targetsOf(loaded: LoadedPipeline, pipeline: Pipeline, tables: readonly Table[], logger: Logger): Target[] {
  return pipeline.sinks.map((sink) => ({
    name: sink.name,
    admin: sinkAdmin(sink, loaded, logger),
    tables: tablesOf(sink, tables, loaded),
  }))
}

function targetLines({ name, admin, tables }: Target, rows: boolean): string[] {
  if (admin === undefined) return [`sink ${name}: nothing is kept there`]
  const forget = `sink ${name}: forget the position`
  const names = tables.map(tableName).join(', ')
  return rows && names !== '' ? [forget, `sink ${name}: delete all rows of ${names}`] : [forget]
}
