import type { Mutant } from '../mutant.ts'

const tests = ['tooling/values/test/values.live.test.ts']

/** Values that become other values on their way. */
export const valueMutants: readonly Mutant[] = [
  {
    name: 'value-minus-zero',
    law: 'A float arrives with its sign.',
    file: 'packages/jdbc/src/postgresql/cell-text.ts',
    find: "(Object.is(cell, -0) ? '-0' : `${cell as number}`)",
    replace: '`${cell as number}`',
    tests,
  },
  {
    name: 'value-word-null',
    law: 'The text NULL in an array is no NULL.',
    file: 'packages/jdbc/src/postgresql/cell-text.ts',
    find: '|^null$/i',
    replace: '/i',
    tests,
  },
  {
    name: 'value-escape-forgotten',
    law: 'The snapshot gives the cells that the stream gives.',
    file: 'packages/pg-replication/src/copy/without-escapes.ts',
    find: ", v: '\\v'",
    replace: '',
    tests,
  },
  {
    name: 'value-endless-interval',
    law: 'A value that a format has no form for is an error and never another value.',
    file: 'packages/debezium-json/src/text/postgres-interval.ts',
    find: 'if (infinitySign(text) !== 0) return undefined',
    replace: '',
    tests: ['packages/debezium-json/src/debezium-json.test.ts'],
  },
]
