/** One fault that somebody could make, and the tests that must see it. */
export interface Mutant {
  /** Short and unique, kebab-case: `--only` takes a part of it. */
  readonly name: string
  /** The law that it breaks, as one sentence. */
  readonly law: string
  /** From the workspace's root. */
  readonly file: string
  /** A piece of the file that is there exactly once. */
  readonly find: string
  readonly replace: string
  /** Test files, from the workspace's root: each named one must exist, and one of them must go red. */
  readonly tests: readonly string[]
  /** Of a matrix of faults only the cases with this sentence (`CDC_FAULTS_ONLY`). */
  readonly only?: string
}

/** Where the fault goes. Throws when the code has moved on and the mutant must be written anew. */
export function mutate(mutant: Mutant, source: string): string {
  const count = source.split(mutant.find).length - 1
  if (count !== 1)
    throw new Error(`${mutant.name}: what it replaces is ${count} times in ${mutant.file}, and should be there once.`)
  // a function, since a replacement text would give a meaning to $&
  return source.replace(mutant.find, () => mutant.replace)
}
