import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CdcError, type Check, type Logger, type Position, type Table } from '@cdc/core'
import { type Pipeline, savedPosition } from '@cdc/runtime'
import type { Command } from 'commander'
import { sinkAdmin, sourceAdmin } from '../administration.ts'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { checksFailed } from '../exit-codes.ts'
import { docsLink } from '../render/error-report.ts'
import { type CommonOptions, type Session, tablesOf } from '../session.ts'

interface DoctorOptions extends CommonOptions {
  readonly json?: boolean
}

interface Group {
  readonly of: string
  readonly checks: readonly Check[]
}

export function addDoctor(program: Command): void {
  addCommand<DoctorOptions>(
    program,
    'doctor <file>',
    'check source, sinks and state, and say what to run',
    {
      text: `Connects to source and sinks and checks everything that a run needs: settings, rights, slot, publication, tables, keys, state. Says what to run where something is missing. Changes nothing. Exits with 1 when a check failed.`,
      examples: [
        ['cdc doctor shop.yaml', 'before the first run, and when something is odd'],
        ['cdc doctor shop.yaml --json', 'for a program'],
      ],
    },
    doctor,
  ).option('--json', 'print JSON')
}

async function doctor(session: Session, file: string, options: DoctorOptions): Promise<number> {
  const { loaded, pipeline, logger } = await session.load(file, 'error')
  const groups = await examine(loaded, pipeline, logger)
  if (options.json) session.json(groups)
  else for (const group of groups) printGroup(session, group)
  const checks = groups.flatMap((group) => group.checks)
  const failed = checks.filter(({ status }) => status === 'failed').length
  const warned = checks.filter(({ status }) => status === 'warning').length
  if (!options.json) {
    const result = failed > 0 ? session.paint('red', `${failed} failed`) : session.paint('green', 'ready to run')
    const total = checks.length === 1 ? '1 check' : `${checks.length} checks`
    session.print(`\n${total}, ${result}${warned > 0 ? `, ${warned} to look at` : ''}.`)
  }
  return failed > 0 ? checksFailed : 0
}

async function examine(loaded: LoadedPipeline, pipeline: Pipeline, logger: Logger): Promise<Group[]> {
  const { connector } = loaded.source.configured
  const groups: Group[] = []
  const { position, check: place } = await checkState(loaded)
  let tables: readonly Table[] = []
  if (loaded.source.configured.admin !== undefined) {
    const admin = sourceAdmin(loaded, logger)
    const checks = [...(await attempt('connection', () => admin.check(position)))]
    const readable = checks.every(({ status }) => status !== 'failed')
    tables = await admin.tables().catch((thrown: unknown) => {
      // a check has told the reason, else this is one
      if (readable) checks.push(failedCheck('tables', thrown))
      return []
    })
    groups.push({ of: `source ${connector}`, checks })
  }
  for (const sink of pipeline.sinks) {
    const admin = sinkAdmin(sink, loaded, logger)
    if (admin === undefined) continue
    const checks = await attempt('connection', async () => admin.check(tablesOf(sink, tables, loaded)))
    groups.push({ of: `sink ${sink.name}`, checks })
  }
  return [...groups, { of: 'state', checks: [place] }]
}

async function attempt(name: string, checks: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await checks()
  } catch (thrown) {
    return [failedCheck(name, thrown)]
  }
}

function failedCheck(name: string, thrown: unknown): Check {
  const { code, message, hint } = CdcError.from(thrown)
  return { name, status: 'failed', message, code, ...(hint === undefined ? {} : { hint }) }
}

interface StateFound {
  readonly check: Check
  /** What a run would go on from. */
  readonly position?: Position | undefined
}

async function checkState(loaded: LoadedPipeline): Promise<StateFound> {
  const check = await checkPlace(loaded)
  const { directory } = loaded.state
  if (check.status !== 'ok' || directory === undefined) return { check }
  try {
    return { check, position: await savedPosition(directory, loaded.name) }
  } catch (thrown) {
    return { check: failedCheck('saved position', thrown) }
  }
}

/** Opening the store would take the lease of a pipeline that runs, or make it; so a directory is only looked at. */
async function checkPlace({ state }: LoadedPipeline): Promise<Check> {
  const name = 'place of the state'
  if (state.directory === undefined) return { name, status: 'ok', message: `${state.shown} (not opened)` }
  for (let path = state.directory; ; path = dirname(path)) {
    try {
      await access(path, constants.W_OK | constants.X_OK)
      return { name, status: 'ok', message: path === state.directory ? state.shown : `${state.shown}, to be made` }
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT' && path !== dirname(path)) continue
      const hint = `Give this user the right to write ${path}, or set \`state\` to another place.`
      return { name, status: 'failed', code: 'STATE_NO_PERMISSION', message: `${path} may not be written.`, hint }
    }
  }
}

const marks = { ok: ['green', '✓'], warning: ['yellow', '!'], failed: ['red', '✗'] } as const

function printGroup(session: Session, { of, checks }: Group): void {
  session.print(session.paint('bold', of[0]!.toUpperCase() + of.slice(1)))
  if (checks.length === 0) session.print(session.paint('dim', '  nothing to check'))
  for (const { name, status, message, code, hint } of checks) {
    const [colour, mark] = marks[status]
    const shown = code === undefined || status === 'ok' ? '' : `  ${session.paint(colour, code)}`
    session.print(`  ${session.paint(colour, mark)} ${name}: ${message}${shown}`)
    if (status === 'ok') continue
    if (hint !== undefined) session.print(hint.replace(/^/gm, '      '))
    if (code !== undefined) session.print(session.paint('dim', `      ${docsLink(code)}`))
  }
}
