import { defineErrors } from '@cdc/core'
import { clusterErrors } from './errors/cluster-errors.ts'
import { connectionErrors } from './errors/connection-errors.ts'
import { recordErrors } from './errors/record-errors.ts'

/** Every error of this package, once. */
export const kafkaError = defineErrors({ ...connectionErrors, ...clusterErrors, ...recordErrors })

/** This package's part of the error documentation. */
export const kafkaErrorCatalogue: typeof kafkaError.catalogue = kafkaError.catalogue

export type KafkaErrorCode = keyof typeof kafkaError.catalogue
