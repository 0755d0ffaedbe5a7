import { z } from 'zod'
import { parseSchema, type SchemaSpec } from './schema.ts'
import { SchemaFault } from './schema-tokens.ts'

/** What a user may write: the text between the brackets of CREATE TABLE, or a map from column to type. */
export type SchemaOption = string | Record<string, string>

const written = z.union([z.string(), z.record(z.string(), z.string())], { error: 'must be text or a map of texts' })

/** The zod type of an option `schema` whose METADATA columns may have these keys. */
export function schemaTypeWith(metadata: readonly string[]): z.ZodType<SchemaSpec, SchemaOption> {
  return written.transform((value, context) => {
    try {
      return parseSchema(value, metadata)
    } catch (fault) {
      if (!(fault instanceof SchemaFault)) throw fault
      context.addIssue({ code: 'custom', message: fault.message })
      return z.NEVER
    }
  })
}

/** The zod type of an option `schema`, without METADATA columns. */
export const schemaType: z.ZodType<SchemaSpec, SchemaOption> = schemaTypeWith([])

/** The zod type of an option `table-name`: `schema.table`, or `table`. */
export const tableNameType: z.ZodType<string, string> = z
  .string()
  .regex(/^[^.]+(\.[^.]+)?$/, 'must be a table, or schema.table')
