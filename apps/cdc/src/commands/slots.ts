import type { Command } from 'commander'
import { sourceAdmin } from '../administration.ts'
import { addCommand } from '../command.ts'
import { confirm } from '../confirm.ts'
import { error } from '../errors.ts'
import { bytes } from '../render/numbers.ts'
import type { CommonOptions, Session } from '../session.ts'

interface ListOptions extends CommonOptions {
  readonly json?: boolean
}

interface DropOptions extends CommonOptions {
  readonly arguments: readonly string[]
  readonly force?: boolean
  readonly yes?: boolean
}

export function addSlots(program: Command): void {
  const slots = program
    .command('slots')
    .summary('list or drop what pipelines keep at the source: slots, publications')
    .description(
      'A replication slot makes the server keep its log until the pipeline has it. One that nobody reads fills the disk.',
    )
  addCommand<ListOptions>(
    slots,
    'list <file>',
    "list the server's slots, and how much log each holds back",
    {
      text: 'Lists what is kept at the source between runs: by this pipeline, and by others.',
      examples: [
        ['cdc slots list shop.yaml', 'the server of this pipeline'],
        ['cdc slots list shop.yaml --json', 'for a program'],
      ],
    },
    list,
  ).option('--json', 'print JSON')
  addCommand<DropOptions>(
    slots,
    'drop <file> <name>',
    'drop a slot; the pipeline that has it must start over',
    {
      text: 'Drops one slot by name. The pipeline that has it cannot go on: it must start over (`cdc reset`).',
      examples: [
        ['cdc slots drop shop.yaml cdc_shop', 'asks first'],
        ['cdc slots drop shop.yaml cdc_old --yes', 'in a script'],
        ['cdc slots drop shop.yaml cdc_old --force', 'although a process reads from it: ends that process'],
      ],
    },
    drop,
  )
    .option('--force', 'although it is in use: ends the process that reads from it')
    .option('-y, --yes', 'do not ask')
}

async function list(session: Session, file: string, options: ListOptions): Promise<number> {
  const { loaded, logger } = await session.load(file, 'warn')
  const resources = await sourceAdmin(loaded, logger).resources()
  if (options.json) {
    session.json(resources)
    return 0
  }
  if (resources.length === 0) session.print('There is none.')
  const rows = resources.map(({ type, name, own, active, retained, details }) => [
    own ? '*' : ' ',
    type,
    name,
    // of a publication nobody can say
    active ? 'in use' : retained === undefined ? '' : 'not in use',
    retained === undefined ? '' : `holds back ${bytes(retained)}`,
    Object.entries(details)
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
  ])
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? []
  for (const row of rows)
    session.print(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
  if (resources.some(({ own }) => own)) session.note(session.errorPaint('dim', `* of pipeline ${loaded.name}`))
  return 0
}

async function drop(session: Session, file: string, options: DropOptions): Promise<number> {
  const { loaded, logger } = await session.load(file, 'warn')
  const name = options.arguments[0]!
  const admin = sourceAdmin(loaded, logger)
  const resources = await admin.resources()
  const found = resources.find((resource) => resource.name === name)
  if (found === undefined) {
    const names = resources.map((resource) => resource.name)
    const hint = names.length === 0 ? 'The server has none.' : `There are: ${names.join(', ')}.`
    throw error('RESOURCE_NOT_FOUND', { message: `There is no '${name}' at the source.`, hint })
  }
  const owner = found.own ? `Pipeline ${loaded.name}` : 'Whoever reads from it'
  const question = `Drop ${found.type} ${name}? ${owner} cannot go on without it and must start over.`
  if (!(await confirm(question, options.yes === true, session))) return 0
  await admin.drop(name, { force: options.force === true })
  session.print(`Dropped ${found.type} ${name}.`)
  return 0
}
