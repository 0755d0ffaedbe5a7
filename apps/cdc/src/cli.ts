import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addDeadLetters } from './commands/dead-letters.ts'
import { addDoctor } from './commands/doctor.ts'
import { addPlan } from './commands/plan.ts'
import { addReset } from './commands/reset.ts'
import { addRun } from './commands/run.ts'
import { addSchema } from './commands/schema.ts'
import { addSlots } from './commands/slots.ts'
import { addTail } from './commands/tail.ts'
import { addValidate } from './commands/validate.ts'
import { addVerify } from './commands/verify.ts'
import { exitCodeOf, exitCodeTable } from './exit-codes.ts'
import { Session } from './session.ts'

const overview = `
Copies every change of a database to others, as a file says that you write:

  name: shop                          $ cdc validate shop.yaml   is the file right? opens no connection
  source:                             $ cdc doctor shop.yaml     are the servers ready? says what to run
    connector: postgres-cdc           $ cdc plan shop.yaml       what would a run do?
    hostname: localhost               $ cdc run shop.yaml        do it, until stopped
    username: cdc                     $ cdc tail shop.yaml       just look at the changes
    password: \${env:PGPASSWORD}
    database-name: shop
    schema-name: public
    table-name: (products|orders)
  sink:
    connector: jdbc
    url: jdbc:postgresql://localhost:5432/warehouse
`

const exits = `
Exit codes:
${exitCodeTable.map(([code, meaning]) => `  ${code.padEnd(9)}${meaning}`).join('\n')}
`

/** The command line of `cdc`. */
export function createProgram(): Command {
  const program = new Command('cdc')
    .description('Change data capture: a consistent snapshot of tables, and every change after it.')
    .version(version(), '-V, --version')
    .addHelpText('after', `${overview}${exits}\nHelp on a command, with examples: cdc help run`)
    .showHelpAfterError('(cdc help shows the commands)')
    .exitOverride()
  for (const add of [
    addRun,
    addValidate,
    addSchema,
    addPlan,
    addDoctor,
    addTail,
    addVerify,
    addSlots,
    addDeadLetters,
    addReset,
  ])
    add(program)
  return program
}

/** Runs the command line and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram()
  try {
    await program.parseAsync(argv as string[], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (thrown) {
    // commander has printed it already
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : exitCodeOf.config
    return new Session({ color: true }).fail(thrown, false)
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
