import { defineOptions } from '@cdc/core'
import { fields } from './option-fields.ts'
import { rules } from './option-rules.ts'

/** Every option of `postgres-cdc`. */
export const postgresCdcOptions = defineOptions(fields, rules)
