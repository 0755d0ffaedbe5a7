import type { Mutant } from '../mutant.ts'

const loop = ['packages/runtime/src/pipeline.test.ts']
const attempt = 'packages/runtime/src/attempt.ts'
const checkpointer = 'packages/runtime/src/checkpointer.ts'

/** The order of promises, rewinds and where to stand: `@cdc/runtime`. */
export const runtimeMutants: readonly Mutant[] = [
  {
    name: 'acknowledge-before-save',
    law: 'A position is acknowledged only after the checkpoint that says so is durable.',
    file: checkpointer,
    find: "    await failpoint('checkpoint.save')\n",
    replace:
      "    if (checkpoint.position !== undefined) await acknowledge(checkpoint.position)\n    await failpoint('checkpoint.save')\n",
    tests: loop,
  },
  {
    name: 'shapes-after-checkpoint',
    law: 'The shapes are saved before the position that depends on them.',
    file: checkpointer,
    find: "    if (shapes !== undefined) {\n      await store.save('tables', encodeShapes(shapes))",
    replace:
      "    if (shapes !== undefined) {\n      await store.save('checkpoint', encodeCheckpoint(pipeline, checkpoint))\n      await store.save('tables', encodeShapes(shapes))",
    tests: ['packages/runtime/src/shapes-before-flush.test.ts'],
  },
  {
    name: 'last-offer-not-saved',
    law: 'A graceful end saves and acknowledges all that was flushed.',
    file: attempt,
    find: '      await checkpointer.settle()\n',
    replace: '',
    tests: loop,
  },
  {
    name: 'flush-in-transaction',
    law: 'Nothing is flushed while a transaction is open.',
    file: attempt,
    find: "    if (open === 'transaction') return\n",
    replace: '',
    tests: loop,
  },
  {
    name: 'position-before-open-batch',
    law: 'What is whole is flushed before a batch of an open transaction is written.',
    file: attempt,
    find: 'if (batch.position === undefined && this.#unflushed.position !== undefined) await this.#flush(checkpointer)',
    replace: '',
    tests: loop,
  },
  {
    name: 'own-position-lost-by-follower',
    law: 'A sink that is ahead of the reader keeps its own position.',
    file: 'packages/runtime/src/sink-runner.ts',
    find: 'const own = read !== undefined && this.#following ? this.#stand : read',
    replace: 'const own = read',
    tests: loop,
  },
  {
    name: 'no-change-left-out',
    law: 'After a restart each sink gets only what it has not got, change by change.',
    file: 'packages/runtime/src/sink-runner.ts',
    find: 'else if (!holds(change)) {',
    replace: 'else {',
    tests: loop,
  },
  {
    name: 'shapes-left-out-with-changes',
    law: 'A shape comes before the first row of a table after every start.',
    file: 'packages/runtime/src/sink-runner.ts',
    find: "if (change.kind === 'schema') untold.set(tableName(change.table), change)",
    replace: "if (change.kind === 'schema') continue",
    tests: loop,
  },
  {
    name: 'lowest-ignored',
    law: 'The source is read from the lowest place at which a sink stands.',
    file: 'packages/runtime/src/where-to-stand.ts',
    find: 'return { from: rules.lowest(known), sinks: stands }',
    replace: 'return { from: known.at(-1), sinks: stands }',
    tests: [...loop, 'packages/runtime/src/where-to-stand.test.ts'],
  },
  {
    name: 'target-set-back-unseen',
    law: 'A target that was set back is read to from where it stands now.',
    file: 'packages/runtime/src/where-to-stand.ts',
    find: 'return order === 0 && checkpoint.position',
    replace: 'return order <= 0 && checkpoint.position',
    tests: [...loop, 'packages/runtime/src/where-to-stand.test.ts'],
  },
  {
    name: 'emptied-target-starts-over',
    law: 'A target that has lost its position is never filled anew in silence.',
    file: 'packages/runtime/src/where-to-stand.ts',
    find: 'if (position === undefined) throw emptied(sink, saved, rules)',
    replace: 'if (position === undefined) return undefined',
    tests: [...loop, 'packages/runtime/src/where-to-stand.test.ts'],
  },
  {
    name: 'transactions-merged-over-open-end',
    law: 'A batch never holds the tail of one transaction and the open head of the next.',
    file: 'packages/runtime/src/read-ahead.ts',
    find: 'return last.position === undefined || next.position !== undefined',
    replace: 'return true',
    tests: [...loop, 'packages/runtime/src/read-ahead.test.ts'],
  },
  {
    name: 'merged-batch-keeps-first-position',
    law: 'A merged batch carries the last position of its parts.',
    file: 'packages/runtime/src/read-ahead.ts',
    find: 'if (last.position !== undefined) return { changes, position: last.position, bytes }',
    replace: 'if (first.position !== undefined) return { changes, position: first.position, bytes }',
    tests: [...loop, 'packages/runtime/src/read-ahead.test.ts'],
  },
  {
    name: 'read-ahead-unbounded',
    law: 'What is read ahead of the writer is bounded in bytes.',
    file: 'packages/runtime/src/read-ahead.ts',
    find: "while (this.#bytes > this.#limits.ahead && this.#state === 'reading') {",
    replace: 'while (false) {',
    tests: ['packages/runtime/src/read-ahead.test.ts'],
  },
  {
    name: 'merging-while-sinks-follow',
    law: 'While sinks leave out what they have, batches are not merged over positions.',
    file: attempt,
    find: '    ahead.merging = !this.#following\n    const lose',
    replace: '    const lose',
    tests: loop,
  },
]
