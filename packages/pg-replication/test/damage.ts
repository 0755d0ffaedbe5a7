import fc from 'fast-check'
import type { Damage } from './read-stream.ts'

const at = fc.nat({ max: 2 ** 20 })

/** Lengths that have been the end of parsers. */
const lengths = [0, 1, 3, 4, 5, 2 ** 15, 2 ** 16, 2 ** 24, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

/** One to three changes that a network or a foreign program could make. */
export const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
    fc.record({ kind: fc.constant('byte' as const), at, value: fc.nat({ max: 255 }) }),
    fc.record({ kind: fc.constant('cut' as const), at, length: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('insert' as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
    fc.record({ kind: fc.constant('length' as const), at, value: fc.constantFrom(...lengths) }),
  ),
  { minLength: 1, maxLength: 3 },
)

/** Sizes of pieces, from bytes to more than a buffer. */
export const sizes: fc.Arbitrary<number[]> = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3000 })),
  { minLength: 1, maxLength: 20 },
)
