/** `pnpm create-connector <name> --kind source|sink|format [--dir folder] [--standalone]` */
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Created, createConnector, type Kind, kinds } from './create.ts'
import { Refusal } from './refusal.ts'

const usage = `Usage: pnpm create-connector <name> --kind source|sink|format [--dir folder] [--standalone]

Makes the package of a new connector: one that passes its conformance suite at once, and says what to fill in.

  --kind        what it is
  --dir         the folder to make it in; default packages/ of this workspace, with --standalone the folder you are in
  --standalone  a package by itself, cdc-<name>, to publish from its own repository`

const root = fileURLToPath(new URL('../../../', import.meta.url))

try {
  console.log(told(...create(process.argv.slice(2))))
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(`${error.message}\n${error.hint}`)
  process.exitCode = 1
}

function create(parameters: readonly string[]): [Created, Kind, boolean] {
  const { values, positionals } = parsed(parameters)
  const kind = kinds.find((one) => one === values.kind)
  if (values.help === true || positionals.length !== 1 || kind === undefined) {
    const noKind = values.kind === undefined ? 'Say what it is: --kind.' : `'${values.kind}' is no kind of connector.`
    const why = values.help ? 'What it does:' : kind === undefined ? noKind : 'Give one name.'
    throw new Refusal(why, usage)
  }
  const standalone = values.standalone === true
  const into = resolve(values.dir ?? (standalone ? '.' : join(root, 'packages')))
  return [createConnector({ name: positionals[0]!, kind, into, standalone }), kind, standalone]
}

function parsed(parameters: readonly string[]) {
  const options = {
    kind: { type: 'string' },
    dir: { type: 'string' },
    standalone: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const
  try {
    return parseArgs({ args: parameters.filter((one) => one !== '--'), options, allowPositionals: true })
  } catch (error) {
    throw new Refusal(`${(error as Error).message}.`, usage)
  }
}

function told({ folder, package: name, files }: Created, kind: Kind, standalone: boolean): string {
  const place = relative(process.cwd(), folder) || '.'
  const next = standalone
    ? [`cd ${place} && npm install`, 'npm run types && npm test && npm run build']
    : ['pnpm install && pnpm run docs', `pnpm test ${relative(root, folder)}`]
  return `Made ${name}, a ${kind}, in ${place}:
${files.map((file) => `  ${file}`).join('\n')}

It passes its conformance suite as it is. Next:
${next.map((line) => `  ${line}`).join('\n')}
  grep -rn 'FILL IN' ${place}      what is yours to write, beginning with its README
The page docs/08-write-a-connector.md explains each step.`
}
