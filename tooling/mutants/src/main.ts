/** `pnpm test:mutants`: applies one fault after the other to a copy of the workspace; each must turn a test red. */
import { parseArgs } from 'node:util'
import { type Mutant, mutate } from './mutant.ts'
import { mutants } from './mutants/index.ts'
import { Workspace } from './workspace.ts'

const help = `pnpm test:mutants [--only TEXT] [--list]

Works in a copy below the temporary folder. A mutant is killed when a test named with it goes red, survives when all stay
green. Exits with 1 when one survives.`

const { values } = parseArgs({
  options: { only: { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})
const chosen = mutants.filter(({ name }) => name.includes(values.only ?? ''))
if (values.help) console.log(help)
else if (values.list) for (const { name, law } of chosen) console.log(`${name.padEnd(36)} ${law}`)
else if (chosen.length === 0) {
  console.error(`No mutant has a name with '${values.only}' in it; --list shows them all.`)
  process.exitCode = 2
} else process.exitCode = await runAll(chosen)

async function runAll(list: readonly Mutant[]): Promise<number> {
  console.error('Copying the workspace and installing its dependencies')
  const workspace = await Workspace.copy()
  let survived = 0
  try {
    if (!(await isGreen(workspace, list))) return 1
    for (const [i, mutant] of list.entries()) {
      const verdict = await tryOut(workspace, mutant)
      if (verdict.outcome !== 'red') survived++
      const word = { red: 'killed  ', green: 'SURVIVED', broken: 'BROKEN  ' }[verdict.outcome]
      const by = verdict.outcome === 'red' ? `\n             by ${verdict.by}` : ''
      console.log(`${String(i + 1).padStart(3)}/${list.length} ${word} ${mutant.name}: ${mutant.law}${by}`)
    }
  } finally {
    await workspace.remove()
  }
  console.log(`\n${list.length - survived} killed, ${survived} survived`)
  return survived === 0 ? 0 : 1
}

/** Tests that are red before anything is broken would kill every mutant and prove nothing. */
async function isGreen(workspace: Workspace, list: readonly Mutant[]): Promise<boolean> {
  // of the matrix of faults each mutant has its own case, and all of it would take too long
  const files = [...new Set(list.filter(({ only }) => only === undefined).flatMap(({ tests }) => tests))]
  if (files.length === 0) return true
  console.error(`Running ${files.length} test files with nothing broken`)
  const verdict = await workspace.test(files)
  if (verdict.outcome === 'green') return true
  console.error(
    verdict.outcome === 'red'
      ? `They are red before anything is broken: ${verdict.by}\n${verdict.why ?? ''}`
      : 'They could not be run; CDC_MUTANTS_VERBOSE=1 shows why.',
  )
  return false
}

async function tryOut(workspace: Workspace, mutant: Mutant) {
  const source = await workspace.read(mutant.file)
  await workspace.write(mutant.file, mutate(mutant, source))
  try {
    return await workspace.test(mutant.tests, mutant.only)
  } finally {
    await workspace.write(mutant.file, source)
  }
}
