import type { Mutant } from '../mutant.ts'

const directory = 'packages/runtime/src/state/directory-state.ts'
const tests = [
  'packages/runtime/src/state/directory-state.test.ts',
  'packages/runtime/src/state/directory-state.process.test.ts',
]

/** State that outlives the process. */
export const stateMutants: readonly Mutant[] = [
  {
    name: 'damaged-generation-believed',
    law: 'A damaged state is never used; the generation before it is.',
    file: directory,
    find: "      if (read.status === 'corrupt') {",
    replace: "      if (read.status === 'corrupt' && generation < 0) {",
    tests,
  },
  {
    name: 'older-generation-not-kept',
    law: 'The generation before the newest is kept.',
    file: directory,
    find: 'await this.#discardGenerations(entry, generation, before.intact)',
    replace: 'await this.#discardGenerations(entry, generation)',
    tests,
  },
  {
    name: 'save-without-lease',
    law: 'A process that has lost its lease cannot save.',
    file: directory,
    find: '    await this.#requireLease()\n    const before',
    replace: '    const before',
    tests: [...tests, 'packages/runtime/src/pipeline.test.ts'],
  },
  {
    name: 'other-generation-overwritten',
    law: "A save builds on the generation that this process knows; another's is a conflict.",
    file: directory,
    find: 'if (known.newest === newest) return known',
    replace: 'return { newest, intact: known.intact }',
    tests,
  },
]
