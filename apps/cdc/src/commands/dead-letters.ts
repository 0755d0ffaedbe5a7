import { isRowChange } from '@cdc/core'
import {
  type DeadLetter,
  encodeLetter,
  type NamedSink,
  type Pipeline,
  readDeadLetters,
  removeDeadLetters,
  replayDeadLetters,
} from '@cdc/runtime'
import type { Command } from 'commander'
import { addCommand } from '../command.ts'
import type { LoadedPipeline } from '../config/resolve.ts'
import { confirm } from '../confirm.ts'
import { error } from '../errors.ts'
import { lettersLeft } from '../exit-codes.ts'
import { changeLines } from '../render/change-lines.ts'
import { count } from '../render/numbers.ts'
import type { CommonOptions, Session } from '../session.ts'

interface Which extends CommonOptions {
  readonly arguments: readonly string[]
  readonly sink?: string
  readonly table?: string
  readonly code?: string
  readonly json?: boolean
  readonly yes?: boolean
}

export function addDeadLetters(program: Command): void {
  const letters = program
    .command('dead-letters')
    .summary('changes that sinks could not take: list, show, replay, purge')
    .description(
      'With `errors.tolerance: all` a sink sets changes aside that it cannot take because of their data. They are kept in a file a sink, below `dead-letters`.',
    )
  const list = addCommand<Which>(
    letters,
    'list <file>',
    'count them by sink, table and code',
    {
      text: 'Counts the dead letters of a pipeline by sink, table and code. Shows no values of rows. May run beside the pipeline.',
      examples: [
        ['cdc dead-letters list shop.yaml', 'how many, and why'],
        ['cdc dead-letters list shop.yaml --json', 'for a program'],
      ],
    },
    listLetters,
  )
  const show = addCommand<Which>(
    letters,
    'show <file> [id...]',
    'show them, with the values of their rows',
    {
      text: 'Shows each dead letter: where it comes from, why it was refused, and the change itself. Prints values of rows: mind where it goes.',
      examples: [
        ['cdc dead-letters show shop.yaml --table public.orders', 'those of one table'],
        ['cdc dead-letters show shop.yaml 3f9c0d12ab34cd56 --json', 'one, as it is in the file'],
      ],
    },
    showLetters,
  )
  const replay = addCommand<Which>(
    letters,
    'replay <file> [id...]',
    'write them through their sink again; the pipeline must be stopped',
    {
      text: `Writes dead letters through their sink again, in order, and removes those that the sink now takes. Do this after the cause is mended: a column widened, a constraint dropped. What is refused again stays, with what follows of the same row; then the exit code is 1. The pipeline must be stopped.

A change is written as it was. Where the source has changed the row since, and that change has arrived, the replay would put the older row over the newer one: then purge the letter, and let \`cdc verify --repair\` bring the row.`,
      examples: [
        ['cdc dead-letters replay shop.yaml', 'all, asks first'],
        ['cdc dead-letters replay shop.yaml --code VALUE_REFUSED --yes', 'those with one reason, in a script'],
      ],
    },
    replayLetters,
  ).option('-y, --yes', 'do not ask')
  const purge = addCommand<Which>(
    letters,
    'purge <file> [id...]',
    'remove them for good',
    {
      text: 'Removes dead letters. The changes in them are gone for good. The pipeline must be stopped.',
      examples: [
        ['cdc dead-letters purge shop.yaml --table public.audit', 'those of one table, asks first'],
        ['cdc dead-letters purge shop.yaml --yes', 'all, in a script'],
      ],
    },
    purgeLetters,
  ).option('-y, --yes', 'do not ask')
  for (const command of [list, show, replay, purge])
    command
      .option('--sink <name>', 'only those of this sink')
      .option('--table <schema.table>', 'only those of this table')
      .option('--code <code>', 'only those refused with this code')
  for (const command of [list, show]) command.option('--json', 'print JSON')
}

/** Those that the options and ids choose. */
async function chosen(loaded: LoadedPipeline, pipeline: Pipeline, options: Which): Promise<DeadLetter[]> {
  const { arguments: ids, sink, table, code } = options
  const letters = await readDeadLetters(loaded.deadLetters, loaded.name)
  const known = new Set(letters.map(({ id }) => id))
  const unknown = ids.find((id) => !known.has(id))
  if (unknown !== undefined)
    throw error('DEAD_LETTER_NOT_FOUND', { message: `Pipeline '${loaded.name}' has no dead letter '${unknown}'.` })
  const sinks = new Set([...pipeline.sinks.map(({ name }) => name), ...letters.map((letter) => letter.sink)])
  if (sink !== undefined && !sinks.has(sink)) {
    const hint = `There are: ${[...sinks].sort().join(', ')}.`
    throw error('DEAD_LETTER_NOT_FOUND', { message: `Pipeline '${loaded.name}' has no sink '${sink}'.`, hint })
  }
  return letters.filter(
    (letter) =>
      (ids.length === 0 || ids.includes(letter.id)) &&
      (sink === undefined || letter.sink === sink) &&
      (table === undefined || letter.table === table) &&
      (code === undefined || letter.code === code.toUpperCase()),
  )
}

interface Group {
  readonly sink: string
  readonly table: string
  readonly code: string
  readonly count: number
  readonly first: string
  readonly last: string
}

async function listLetters(session: Session, file: string, options: Which): Promise<number> {
  const { loaded, pipeline } = await session.load(file, 'warn')
  const groups = grouped(await chosen(loaded, pipeline, options))
  if (options.json) {
    session.json(groups)
    return 0
  }
  if (groups.length === 0) session.print('There is none.')
  const rows = groups.map(({ sink, table, code, count: letters, first, last }) => {
    const times = first === last ? first : `${first} to ${last}`
    return [count(letters), sink, table, code, times]
  })
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? []
  for (const [number, ...rest] of rows) {
    const cells = rest.map((cell, column) => cell.padEnd(widths[column + 1]!))
    session.print(`${number!.padStart(widths[0]!)}  ${cells.join('  ')}`.trimEnd())
  }
  return 0
}

function grouped(letters: readonly DeadLetter[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { sink, table, code, time } of letters) {
    const key = JSON.stringify([sink, table, code])
    const known = groups.get(key)
    groups.set(key, { sink, table, code, count: (known?.count ?? 0) + 1, first: known?.first ?? time, last: time })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}

async function showLetters(session: Session, file: string, options: Which): Promise<number> {
  const { loaded, pipeline } = await session.load(file, 'warn')
  const letters = await chosen(loaded, pipeline, options)
  for (const letter of letters) {
    if (options.json) session.print(encodeLetter(letter).trimEnd())
    else showLetter(session, letter)
  }
  if (letters.length === 0 && !options.json) session.print('There is none.')
  return 0
}

function showLetter(session: Session, letter: DeadLetter): void {
  const { id, time, sink, table, position, code, message, hint, change } = letter
  session.print(`${session.paint('bold', id)}  ${time}  sink ${sink}  ${table}  at ${position}`)
  session.print(`  ${session.paint('red', code)} ${message}`)
  if (hint !== undefined) session.print(`  ${hint}`)
  const lines = isRowChange(change) ? changeLines(change, session.paint) : ['TRUNCATE']
  for (const line of lines) session.print(`  ${line}`)
}

async function replayLetters(session: Session, file: string, options: Which): Promise<number> {
  const { loaded, pipeline, logger } = await session.load(file, 'warn')
  const letters = await chosen(loaded, pipeline, options)
  const gone = letters.find(({ sink }) => !pipeline.sinks.some(({ name }) => name === sink))
  if (gone !== undefined) {
    const message = `Dead letters are of sink '${gone.sink}', which the pipeline has no more.`
    throw error('DEAD_LETTER_NOT_FOUND', { message, hint: 'Give the sink back its name, or choose with --sink.' })
  }
  if (letters.length === 0) {
    session.print('There is none.')
    return 0
  }
  const question = `Write ${changes(letters.length)} over what is in the target now?`
  if (!(await confirm(question, options.yes === true, session))) return 0
  const stop = new AbortController()
  const abort = () => stop.abort()
  process.once('SIGINT', abort).once('SIGTERM', abort)
  const store = loaded.state.factory(loaded.name)
  // the lease proves that the pipeline does not run
  await store.open()
  let left = 0
  try {
    for (const sink of pipeline.sinks) {
      const own = letters.filter((letter) => letter.sink === sink.name)
      if (own.length === 0) continue
      const setup = { pipeline: loaded.name, source: loaded.source.configured, sink, store, logger }
      left += await replaySink(session, loaded, sink, replayDeadLetters(setup, own, stop.signal), own.length)
    }
  } finally {
    await store.close()
    process.off('SIGINT', abort).off('SIGTERM', abort)
  }
  return left === 0 ? 0 : lettersLeft
}

/** Gives how many stay. What the sink took is removed even when a later one ends the replay with an error. */
async function replaySink(
  session: Session,
  loaded: LoadedPipeline,
  sink: NamedSink,
  outcomes: ReturnType<typeof replayDeadLetters>,
  total: number,
): Promise<number> {
  const done = new Set<string>()
  let held = 0
  try {
    for await (const { letter, outcome, error } of outcomes) {
      if (outcome === 'done') done.add(letter.id)
      else if (outcome === 'held') held++
      else session.note(`${letter.id}  ${letter.table}  ${error!.code} ${error!.message}`)
    }
  } finally {
    await removeDeadLetters(loaded.deadLetters, loaded.name, sink.name, done)
  }
  const left = total - done.size
  const waiting = held === 0 ? '' : `, ${count(held)} of them behind an earlier one of the same row`
  const rest = left === 0 ? '' : ` ${count(left)} stay${waiting}.`
  session.print(`Sink ${sink.name}: ${changes(done.size)} replayed.${rest}`)
  return left
}

async function purgeLetters(session: Session, file: string, options: Which): Promise<number> {
  const { loaded, pipeline } = await session.load(file, 'warn')
  const letters = await chosen(loaded, pipeline, options)
  if (letters.length === 0) {
    session.print('There is none.')
    return 0
  }
  const question = `Remove ${changes(letters.length)} for good?`
  if (!(await confirm(question, options.yes === true, session))) return 0
  const store = loaded.state.factory(loaded.name)
  await store.open()
  try {
    for (const sink of new Set(letters.map((letter) => letter.sink))) {
      const ids = new Set(letters.filter((letter) => letter.sink === sink).map(({ id }) => id))
      await removeDeadLetters(loaded.deadLetters, loaded.name, sink, ids)
    }
  } finally {
    await store.close()
  }
  session.print(`${changes(letters.length)} removed.`)
  return 0
}

const changes = (number: number) => (number === 1 ? '1 dead letter' : `${count(number)} dead letters`)
