import { choice, type OptionRule, type OptionValues, text } from '@cdc/core'
import { z } from 'zod'

/** Offsets by partition, as `specific-offsets` options name them. */
export type SpecificOffsets = ReadonlyMap<number, bigint>

/** Where reading starts, or where it ends. */
export type OffsetMode =
  | { readonly mode: 'earliest-offset' | 'latest-offset' | 'group-offsets' }
  | { readonly mode: 'timestamp'; readonly timestamp: bigint }
  | { readonly mode: 'specific-offsets'; readonly offsets: SpecificOffsets }

const millis = z.string().regex(/^\d{1,15}$/, 'must be a whole number of milliseconds since 1970')

/** `scan.startup.*`, which `upsert-kafka` has not: it always reads from the earliest offset. */
export const startupFields = {
  'scan.startup.mode': choice(['group-offsets', 'earliest-offset', 'latest-offset', 'timestamp', 'specific-offsets'], {
    doc: 'Where the first run starts; later ones go on where the last one stood. `group-offsets`: at the offsets that `properties.group.id` has committed, and for partitions without one by `properties.auto.offset.reset`.',
    default: 'group-offsets',
  }),
  'scan.startup.specific-offsets': text({
    doc: 'With `specific-offsets`: the offset that each partition starts at. One that is not named starts at the committed offset of the group, else at its earliest.',
    example: 'partition:0,offset:42;partition:1,offset:300',
  }),
  'scan.startup.timestamp-millis': text(
    {
      doc: 'With `timestamp`: starts at the first record at or after this time, in milliseconds since 1970.',
      example: '1732147200000',
    },
    millis,
  ),
}

export const boundedFields = {
  'scan.bounded.mode': choice(['unbounded', 'latest-offset', 'group-offsets', 'timestamp', 'specific-offsets'], {
    doc: 'Where reading ends. `unbounded`: never. Each run looks the end up anew, as it starts.',
    default: 'unbounded',
  }),
  'scan.bounded.specific-offsets': text({
    doc: 'With `specific-offsets`: the offset that each partition is read up to, without it. A partition that is not named is not read.',
    example: 'partition:0,offset:42;partition:1,offset:300',
  }),
  'scan.bounded.timestamp-millis': text(
    {
      doc: 'With `timestamp`: reads up to the first record at or after this time, in milliseconds since 1970.',
      example: '1732147200000',
    },
    millis,
  ),
}

/** `partition:0,offset:42;partition:1,offset:300`; undefined for anything else. */
export function parseSpecificOffsets(written: string): SpecificOffsets | undefined {
  const offsets = new Map<number, bigint>()
  for (const pair of written.replace(/;\s*$/, '').split(';')) {
    const match = /^\s*partition\s*:\s*(\d{1,9})\s*,\s*offset\s*:\s*(\d{1,18})\s*$/.exec(pair)
    if (match === null) return undefined
    offsets.set(Number(match[1]), BigInt(match[2]!))
  }
  return offsets
}

type Stage = 'startup' | 'bounded'
type Values = Readonly<Record<string, unknown>>

function checkStage(stage: Stage, values: Values, problem: (option: never, message: string) => void): void {
  const mode = values[`scan.${stage}.mode`]
  const specific = `scan.${stage}.specific-offsets`
  const timestamp = `scan.${stage}.timestamp-millis`
  const missing = (option: string) =>
    problem(option as never, `'${option}' is required in '${mode}' ${stage} mode but missing.`)
  if (mode === 'timestamp' && values[timestamp] === undefined) missing(timestamp)
  if (mode !== 'specific-offsets') return
  const written = values[specific]
  if (typeof written !== 'string') missing(specific)
  else if (parseSpecificOffsets(written) === undefined)
    problem(
      specific as never,
      `Invalid properties '${specific}' should follow the format 'partition:0,offset:42;partition:1,offset:300', but is '${written}'.`,
    )
  if (typeof values.topic !== 'string' || values.topic.includes(';'))
    problem(specific as never, 'Currently Kafka source only supports specific offset for single topic.')
}

export const startupRule: OptionRule<typeof startupFields> = (values, problem) =>
  checkStage('startup', values, problem as never)

export const boundedRule: OptionRule<typeof boundedFields> = (values, problem) =>
  checkStage('bounded', values, problem as never)

/** `group-offsets` needs a group: without one it could only fail later. */
export const groupRule: OptionRule<typeof startupFields> = (values, problem) => {
  const properties = ((values as Values)['properties.*'] ?? {}) as Readonly<Record<string, string>>
  if (properties['group.id'] !== undefined) return
  const fallback = properties['auto.offset.reset']
  if (values['scan.startup.mode'] === 'group-offsets' && (fallback === undefined || fallback === 'none'))
    problem(
      'scan.startup.mode',
      "'properties.group.id' is required in 'group-offsets' startup mode (the default) but missing.",
      'Add properties.group.id, or set another mode: scan.startup.mode: earliest-offset',
    )
}

export const boundedGroupRule: OptionRule<typeof boundedFields> = (values, problem) => {
  const properties = ((values as Values)['properties.*'] ?? {}) as Readonly<Record<string, string>>
  if (values['scan.bounded.mode'] === 'group-offsets' && properties['group.id'] === undefined)
    problem('scan.bounded.mode', "'properties.group.id' is required in 'group-offsets' bounded mode but missing.")
}

/** The options have been checked by the rules above. */
export function startupOf(values: OptionValues<typeof startupFields>): OffsetMode {
  return modeOf('startup', values['scan.startup.mode'], values)
}

/** undefined: reading has no end. */
export function boundsOf(values: OptionValues<typeof boundedFields>): OffsetMode | undefined {
  const mode = values['scan.bounded.mode']
  return mode === 'unbounded' ? undefined : modeOf('bounded', mode, values)
}

function modeOf(stage: Stage, mode: OffsetMode['mode'], values: Values): OffsetMode {
  if (mode === 'timestamp') return { mode, timestamp: BigInt(values[`scan.${stage}.timestamp-millis`] as string) }
  if (mode !== 'specific-offsets') return { mode }
  return { mode, offsets: parseSpecificOffsets(values[`scan.${stage}.specific-offsets`] as string)! }
}
