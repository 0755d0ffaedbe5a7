import type { Command } from 'commander'
import { addCommand } from '../command.ts'
import type { CommonOptions, Session } from '../session.ts'

interface ValidateOptions extends CommonOptions {
  readonly arguments: readonly string[]
}

export function addValidate(program: Command): void {
  addCommand<ValidateOptions>(
    program,
    'validate <file> [more...]',
    'check a pipeline file; opens no connection',
    {
      text: 'Checks files of pipelines, and reports every mistake with its line and column. Opens no connection.',
      examples: [
        ['cdc validate shop.yaml', 'one file'],
        ['cdc validate pipelines/*.yaml', 'several, as in CI'],
        ['cdc validate - < shop.yaml', 'from standard input'],
      ],
    },
    validate,
  )
}

async function validate(session: Session, file: string, options: ValidateOptions): Promise<number> {
  let worst = 0
  for (const one of [file, ...options.arguments]) {
    try {
      const { loaded, pipeline } = await session.load(one, 'warn')
      const sinks = pipeline.sinks.map(({ name, sink }) =>
        name === sink.connector ? name : `${name} (${sink.connector})`,
      )
      const valid = session.paint('green', 'valid')
      session.print(
        `${one}: ${valid}. Pipeline ${loaded.name}: ${loaded.source.configured.connector} → ${sinks.join(', ')}`,
      )
    } catch (thrown) {
      worst = Math.max(worst, session.fail(thrown, false))
    }
  }
  return worst
}
