import type { Mutant } from '../mutant.ts'

const bytes = ['packages/pg-replication/src/replication/stream-bytes.property.test.ts']
const source = ['tooling/faults/test/network/network-source.test.ts']

/** Bytes that are damaged, and networks that say nothing. */
export const wireMutants: readonly Mutant[] = [
  {
    name: 'frame-broken-and-ignored',
    law: 'A frame that is none is an error and never left out.',
    file: 'packages/pg-replication/src/replication/frame-cursor.ts',
    find: 'throw broken(buffer, at, end)',
    replace: 'void broken',
    tests: bytes,
  },
  {
    name: 'message-cut-short',
    law: 'However the network cuts the bytes, the messages are the same.',
    file: 'packages/pg-replication/src/replication/message-splitter.ts',
    find: 'if (at + 1 + size > to) {',
    replace: 'if (at + size > to) {',
    tests: [...bytes, 'packages/pg-replication/src/replication/message-splitter.test.ts'],
  },
  {
    name: 'value-outlives-its-piece',
    law: 'A value that outlives its piece of text is a copy.',
    file: 'packages/pg-replication/src/values/value-parser.ts',
    find: 'if (text.length < 9) return value',
    replace: 'return value',
    tests: ['packages/pg-replication/src/values/value-parser.test.ts'],
  },
  {
    name: 'answer-with-bytes-left-over',
    law: "The target's answers are read to the byte.",
    file: 'packages/jdbc/src/postgresql/replies.ts',
    find: 'if (at !== end) throw row()',
    replace: '',
    tests: ['packages/jdbc/src/postgresql/replies.test.ts'],
  },
  {
    name: 'publication-taken-back-too-soon',
    law: 'What a lost answer may have made at the server is kept.',
    file: 'packages/postgres-cdc/src/begin.ts',
    find: 'created === undefined && (slot !== undefined || (await isWithoutSlot(session, name, failure)))',
    replace: 'created === undefined',
    tests: ['packages/postgres-cdc/test/start.live.test.ts'],
    only: 'a publication whose slot was made before something failed stays',
  },
  {
    name: 'silent-stream-believed',
    law: 'A stream from which nothing comes is noticed.',
    file: 'packages/pg-replication/src/replication/stream.ts',
    find: 'const limit = this.#options.inboundTimeout ?? 300_000',
    replace: 'const limit = 0',
    tests: source,
    only: 'silence both ways before the stream',
  },
  {
    name: 'swallowed-commit-taken-for-done',
    law: 'A COMMIT that was not answered has not happened until the target says so.',
    file: 'packages/jdbc/src/postgresql/sink.ts',
    find: 'if (cause instanceof ConnectionEnded || ',
    replace: 'if (cause instanceof ConnectionEnded) return\n      if (',
    tests: ['packages/jdbc/test/faults.live.test.ts'],
  },
]
