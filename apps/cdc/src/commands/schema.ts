import { chmodSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { addCommand } from '../command.ts'
import { pipelineSchema } from '../config/json-schema.ts'
import { pluginsOf } from '../config/load.ts'
import { Connectors } from '../connectors.ts'
import { error } from '../errors.ts'
import { loadPlugin } from '../plugins.ts'
import type { CommonOptions, Session } from '../session.ts'

interface SchemaOptions extends CommonOptions {
  readonly write?: boolean
}

/** Beside the file. Files of one directory share it. */
const schemaFile = 'pipeline.schema.json'

export function addSchema(program: Command): void {
  addCommand<SchemaOptions>(
    program,
    'schema [file]',
    'print the JSON Schema of pipeline files, for editors; --write puts it beside the file',
    {
      text: `Prints the JSON Schema of pipeline files: every key and every option of every connector, with those that the plug-ins of the file bring. With --write it goes to ${schemaFile} beside the file, and a line at the top of the file tells editors (those with a YAML language server: VS Code, Neovim, IntelliJ, ...) to use it, so that they complete keys and underline mistakes. Opens no connection.`,
      examples: [
        ['cdc schema > cdc.schema.json', 'without plug-ins'],
        ['cdc schema --write shop.yaml', `writes ${schemaFile} and the line in shop.yaml`],
      ],
    },
    schema,
  ).option('--write', `write ${schemaFile} beside the file, and name it in the file`)
}

async function schema(session: Session, file: string | undefined, { write }: SchemaOptions): Promise<number> {
  if (write && (file === undefined || file === '-'))
    throw error('CONFIG_NOT_FOUND', {
      message: 'There is no file to write the schema beside.',
      hint: 'Name it: cdc schema --write shop.yaml',
    })
  const connectors = new Connectors()
  const directory = file === undefined || file === '-' ? process.cwd() : dirname(resolve(file))
  // the rest of the file may have any mistakes: this is what helps to find them
  for (const plugin of file === undefined ? [] : pluginsOf(file, process.env))
    await loadPlugin(plugin, directory, connectors)
  const text = `${JSON.stringify(await pipelineSchema(connectors), undefined, 2)}\n`
  if (!write) {
    process.stdout.write(text)
    return 0
  }
  const target = join(directory, schemaFile)
  writeAll(target, text)
  session.print(`Wrote ${target}.`)
  const yaml = realpathSync(file!)
  const before = readFileSync(yaml, 'utf8')
  const after = named(before)
  if (after !== before) {
    replace(yaml, after)
    session.print(`${file} names it in its first line.`)
  }
  return 0
}

const modeline = `# yaml-language-server: $schema=./${schemaFile}`

/** The file with the line that editors look for, in the place of another such line or as the first. */
export function named(text: string): string {
  const old = /^#[ \t]*yaml-language-server:[ \t]*\$schema=[^\r\n]*/m
  if (old.test(text)) return text.replace(old, () => modeline)
  const mark = text.startsWith('\ufeff') ? '\ufeff' : ''
  const end = /\r\n/.test(text) ? '\r\n' : '\n'
  return `${mark}${modeline}${end}${text.slice(mark.length)}`
}

/** Another file is made and takes its place, so that a crash leaves the old or the new one. */
function replace(path: string, text: string): void {
  const temporary = `${path}.cdc-new`
  writeAll(temporary, text)
  chmodSync(temporary, statSync(path).mode)
  renameSync(temporary, path)
}

function writeAll(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error'
    throw error('FILE_NOT_WRITTEN', { message: `${path} cannot be written: ${code}.`, where: { file: path }, cause })
  }
}
