import { type Change, isTableChange, type SourceContext, type Table } from '@cdc/core'
import { routeTables, selectTables } from '@cdc/runtime'
import { type Command, InvalidArgumentError } from 'commander'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { error } from '../errors.ts'
import { changeJson, changeLines } from '../render/change-lines.ts'
import { type CommonOptions, contextOf, type Session } from '../session.ts'

interface TailOptions extends CommonOptions {
  readonly table?: string
  readonly limit?: number
  readonly json?: boolean
}

export function addTail(program: Command): void {
  addCommand<TailOptions>(
    program,
    'tail <file>',
    'show changes as they come; leaves the pipeline alone',
    {
      text: `Shows the changes of the source from now on, with their row kinds: +I insert, -U and +U before and after an update, -D delete. Reads through a temporary slot that goes when the command ends, and touches neither the slot nor the state nor the sinks of the pipeline, which may run meanwhile. Prints values of rows: mind where it goes.`,
      examples: [
        ['cdc tail shop.yaml', 'until Ctrl-C'],
        ["cdc tail shop.yaml --table 'public.orders'", 'one table (a regular expression)'],
        ['cdc tail shop.yaml --limit 10 --json', 'ten changes, a line of JSON each'],
      ],
    },
    tail,
  )
    .option('--table <pattern>', 'only tables whose schema.table it matches wholly')
    .option('--limit <changes>', 'end after so many changes', positive)
    .option('--json', 'print a JSON object a change')
}

function positive(written: string): number {
  if (!/^[1-9]\d*$/.test(written)) throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return Number(written)
}

async function tail(session: Session, file: string, options: TailOptions): Promise<number> {
  const { loaded, logger } = await session.load(file, 'warn')
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const report: SourceContext['report'] = (event) => {
    if (event.type === 'streaming') session.note(session.errorPaint('dim', 'watching; Ctrl-C ends it'))
  }
  const limits = { rows: 1_000, bytes: 1_048_576 }
  const wants = { message: options.table === undefined, transaction: false }
  const source = watched(loaded, { ...contextOf(loaded, logger), report, limits, wants, shapes: new Map() })
  const takes = selectTables(options.table) ?? (() => true)
  const print = printer(session, loaded, takes, options)
  try {
    await source.open()
    for await (const batch of source.read(undefined, controller.signal)) {
      if (batch.changes.some((change) => !print(change))) break
      if (batch.position !== undefined) await source.acknowledge(batch.position)
    }
    return 0
  } finally {
    await source.close()
  }
}

function watched(loaded: LoadedPipeline, context: SourceContext) {
  const { configured } = loaded.source
  const source = configured.watch?.(context)
  if (source !== undefined) return source
  const message = `Source '${configured.connector}' cannot be watched without disturbing the pipeline.`
  throw error('NOT_SUPPORTED', { message, hint: 'Run it into a print sink: sink: {connector: print}' })
}

/** Prints a change unless it is filtered out; false when the limit is reached. */
function printer(
  session: Session,
  loaded: LoadedPipeline,
  takes: (table: Table) => boolean,
  options: TailOptions,
): (change: Change) => boolean {
  const route = routeTables(loaded.routes)
  let left = options.limit ?? Number.POSITIVE_INFINITY
  return (change) => {
    if (isTableChange(change) && !takes(change.table)) return true
    const [routed] = route([change])
    const lines = options.json ? changeJson(routed!) : changeLines(routed!, session.paint)
    // not through the session: its redactor is for logs, and what is asked for here are the values
    for (const line of lines) process.stdout.write(`${line}\n`)
    if (lines.length > 0) left--
    return left > 0
  }
}
