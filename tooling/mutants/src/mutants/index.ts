import type { Mutant } from '../mutant.ts'
import { groupMutants } from './groups.ts'
import { postgresSourceMutants } from './postgres-source.ts'
import { runtimeMutants } from './runtime.ts'
import { sinkMutants } from './sinks.ts'
import { stateMutants } from './state.ts'
import { valueMutants } from './values.ts'
import { wireMutants } from './wire.ts'

/** Every fault that the tests are held against. */
export const mutants: readonly Mutant[] = [
  ...runtimeMutants,
  ...stateMutants,
  ...postgresSourceMutants,
  ...sinkMutants,
  ...groupMutants,
  ...wireMutants,
  ...valueMutants,
]
