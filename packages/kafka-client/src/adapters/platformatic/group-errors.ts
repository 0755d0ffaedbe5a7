import { CdcError } from '@cdc/core'
import { kafkaError } from '../../errors.ts'

export function rebalanced(groupId: string): CdcError {
  return kafkaError('KAFKA_REBALANCED', {
    message: `A partition of group '${groupId}' belongs to another member by now.`,
  })
}

/** Tried again under the new generation. */
export function movedOn(what: string): CdcError {
  return kafkaError('KAFKA_UNREACHABLE', { message: `Could not ${what} while the group was rebalancing.` })
}

export function isFenced(error: unknown): boolean {
  return CdcError.is(error) && error.code === 'KAFKA_INSTANCE_FENCED'
}
