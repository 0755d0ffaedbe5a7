import type { PostgresCdcValues } from './option-fields.ts'

/** The slot: the one named, else `cdc_` and the pipeline's name. */
export function slotName(values: PostgresCdcValues, pipeline: string): string {
  return values['slot.name'] ?? slotNameFrom(`cdc_${pipeline}`)
}

/** The nearest name that a slot can have. */
export function slotNameFrom(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9_]/g, '_')
      .slice(0, 63) || 'cdc'
  )
}
