import { type Command, Option } from 'commander'
import { logFormats, logLevels } from './logger.ts'
import { type CommonOptions, Session } from './session.ts'

/** Does a command's work and gives the exit code. Throws a `CdcError` to fail. */
export type Action<O> = (session: Session, file: string, options: O) => Promise<number>

/** A command that takes the file of a pipeline, with the options that all have. `examples`: shown by its help. */
export function addCommand<O extends CommonOptions>(
  program: Command,
  usage: string,
  summary: string,
  help: { readonly text: string; readonly examples: readonly (readonly [command: string, what: string])[] },
  action: Action<O>,
  asLog = false,
): Command {
  const width = Math.max(...help.examples.map(([command]) => command.length))
  const examples = help.examples.map(([command, what]) => `  $ ${command.padEnd(width)}   ${what}`).join('\n')
  return program
    .command(usage)
    .summary(summary)
    .description(help.text)
    .addOption(new Option('--log-level <level>', 'what to log to standard error').choices(logLevels))
    .addOption(new Option('--log-format <format>', 'of logs: pretty on a terminal, else json').choices(logFormats))
    .option('--no-color', 'no colours; so does NO_COLOR=1')
    .option('--stack', 'show where in the program an error was thrown')
    .addOption(new Option('--verbose', 'the same').implies({ stack: true }).hideHelp())
    .addHelpText('after', `\nExamples:\n${examples}`)
    .showHelpAfterError('(add --help for the options and examples)')
    .action(async (file: string, ...rest: unknown[]) => {
      const command = rest.at(-1) as Command
      const options = command.opts() as O
      const session = new Session(options)
      try {
        process.exitCode = await action(session, file, { ...options, arguments: command.args.slice(1) })
      } catch (thrown) {
        process.exitCode = session.fail(thrown, asLog)
      }
    })
}
