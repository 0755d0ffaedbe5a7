import type { Mutant } from '../mutant.ts'

const apply = ['packages/jdbc/test/apply.live.test.ts', 'packages/jdbc/test/conformance.test.ts']
const faults = ['packages/jdbc/test/faults.live.test.ts', 'packages/jdbc/test/conformance.test.ts']
const files = [
  'packages/filesystem/test/files.test.ts',
  'packages/filesystem/test/conformance.test.ts',
  'packages/filesystem/test/faults.test.ts',
]
const sink = 'packages/jdbc/src/postgresql/sink.ts'
const reduce = 'packages/jdbc/src/postgresql/reduce.ts'

/** What the targets are promised: `@cdc/jdbc` and `@cdc/filesystem`. */
export const sinkMutants: readonly Mutant[] = [
  {
    name: 'commit-answer-guessed',
    law: 'An unknown COMMIT is a rewind, and never taken for done.',
    file: sink,
    find: 'if (cause instanceof ConnectionEnded || (cause instanceof ServerError && /^(57P|08)/.test(cause.code)))',
    replace:
      'if (cause instanceof ConnectionEnded) return\n      if (cause instanceof ServerError && /^(57P|08)/.test(cause.code))',
    tests: faults,
  },
  {
    name: 'open-table-committed',
    law: 'Rows of a snapshot table stay in the open transaction until the table is whole.',
    file: sink,
    find: '      if (position === undefined) return\n',
    replace:
      "      if (position === undefined) {\n        await this.#connection!.query('COMMIT')\n        return\n      }\n",
    tests: [...apply, 'packages/jdbc/test/tables.live.test.ts'],
  },
  {
    name: 'fence-not-compared',
    law: 'A process that another has overtaken finds it in its transaction and rolls back.',
    file: 'packages/jdbc/src/postgresql/fence.ts',
    find: 'return `${this.#process}:${this.#writes++}`',
    replace: "return 'token'",
    tests: faults,
  },
  {
    name: 'undefined-not-merged',
    law: 'Two partial rows of one key are merged cell by cell.',
    file: reduce,
    find: 'return row.map((cell, i): Cell => (cell === undefined ? other[i] : cell))',
    replace: 'return row',
    tests: apply,
  },
  {
    name: 'key-change-without-delete',
    law: 'A change of the key removes the old row.',
    file: reduce,
    find: '    this.#delete(oldKey, before, change)\n',
    replace: '',
    tests: apply,
  },
  {
    name: 'first-wins',
    law: 'Of several changes of a key in one batch the last wins.',
    file: reduce,
    find: "      if (entry.kind !== 'delete') this.ordered = true\n      entry.kind = 'update'\n      entry.origin = origin\n      entry.row = row",
    replace:
      "      if (entry.kind !== 'delete') this.ordered = true\n      entry.kind = 'update'\n      entry.origin = origin",
    tests: apply,
  },
  {
    name: 'file-not-cut-back',
    law: 'After a kill a file is cut back to the last flush.',
    file: 'packages/filesystem/src/recovery.ts',
    find: "await coded('cut back', path, () => truncate(path, entry.size))",
    replace: '',
    tests: [...files, 'packages/filesystem/test/kill.process.test.ts'],
  },
  {
    name: 'changed-file-accepted',
    law: 'A file that was changed behind our back is refused.',
    file: 'packages/filesystem/src/recovery.ts',
    find: 'if (crc32(bytes) !== tail) throw',
    replace: 'if (crc32(bytes) < 0) throw',
    tests: files,
  },
  {
    name: 'manifest-before-lines',
    law: 'The manifest is written after the lines that it speaks of are durable.',
    file: 'packages/filesystem/src/output.ts',
    find: '    await this.#syncAll(written)\n    const renames = this.#renames()\n',
    replace:
      '    const renames = this.#renames()\n    await this.#writeManifest(position, renames)\n    await this.#syncAll(written)\n',
    tests: [...files, 'packages/filesystem/test/kill.process.test.ts'],
  },
]
