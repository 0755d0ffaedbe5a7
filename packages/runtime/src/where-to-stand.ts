import type { Position, PositionRules } from '@cdc/core'
import type { Checkpoint } from './checkpoint.ts'
import { error } from './errors.ts'

/** A sink as it presents itself at a start or after a rewind. */
export interface SinkStand {
  readonly sink: string
  readonly remembers: boolean
  /** What it says of itself; undefined where it does not remember, or has taken nothing yet. */
  readonly position: Position | undefined
  /** Of several processes each has such a sink of its own, which knows only what that process has done. */
  readonly apart?: true
}

export interface Stand {
  /** Where the source is to read from. undefined: from its configured start. */
  readonly from: Position | undefined
  /** Where each sink stands, in the order given. */
  readonly sinks: readonly (Position | undefined)[]
  /** A target was set back: when the source cannot give what lies between, that is the reason. */
  readonly setBack: string | undefined
}

/**
 * Where to read from, and where each sink stands.
 *
 * The checkpoint holds the source position C and for each sink that remembers the position S that it had when C was
 * saved; the sink now says T. T = S: it stands at C. T after S: at T. T before S: the target was set back; read from
 * T if the source still can. No checkpoint: at T, when every sink has one. Nothing ever starts over on top of a
 * target that has a position.
 */
export function whereToStand(
  checkpoint: Checkpoint | undefined,
  sinks: readonly SinkStand[],
  rules: PositionRules,
): Stand {
  if (checkpoint === undefined) return withoutCheckpoint(sinks, rules)
  let setBack: string | undefined
  const stands = sinks.map(({ sink, remembers, position }) => {
    const known = Object.hasOwn(checkpoint.sinks, sink)
    if (!known && position === undefined && checkpoint.position !== undefined)
      throw error('SINK_ADDED', {
        message: `Sink '${sink}' is new to a pipeline that has run before.`,
        where: { sink },
      })
    if (!remembers) return checkpoint.position
    const saved = checkpoint.sinks[sink] ?? undefined
    if (saved === undefined) return position
    const order = position === undefined ? -1 : rules.compare(position, saved)
    if (order === undefined) throw foreign(sink, position!, saved, rules)
    if (position === undefined) throw emptied(sink, saved, rules)
    if (order < 0) setBack = sink
    // it has taken all up to C, and where it was ahead of C it still is
    return order === 0 && checkpoint.position !== undefined ? rules.merge(position, checkpoint.position) : position
  })
  return { ...lowest(stands, rules), setBack }
}

function withoutCheckpoint(sinks: readonly SinkStand[], rules: PositionRules): Stand {
  const standing = sinks.filter((sink) => sink.position !== undefined)
  if (standing.length > 0 && standing.length < sinks.length) {
    const other = sinks.find((sink) => sink.position === undefined)!
    const message = `There is no state, sink '${standing[0]!.sink}' stands at ${rules.describe(standing[0]!.position!)}, and nobody knows where sink '${other.sink}' stands.`
    throw error('STATE_LOST', { message, where: { sink: other.sink } })
  }
  return {
    ...lowest(
      sinks.map((sink) => sink.position),
      rules,
    ),
    setBack: undefined,
  }
}

/** The position from which nothing is missing for any of them. */
export function lowest(stands: readonly (Position | undefined)[], rules: PositionRules): Omit<Stand, 'setBack'> {
  const known = stands.filter((stand) => stand !== undefined)
  if (known.length < stands.length) return { from: undefined, sinks: stands }
  return { from: rules.lowest(known), sinks: stands }
}

export function foreign(sink: string, a: Position, b: Position, rules: PositionRules): Error {
  const message = `Sink '${sink}' and its last checkpoint stand at positions that cannot be compared: ${rules.describe(a)} and ${rules.describe(b)}.`
  return error('POSITION_FOREIGN', { message, where: { sink } })
}

export function emptied(sink: string, saved: Position, rules: PositionRules): Error {
  const message = `Sink '${sink}' has no position any more; it stood at ${rules.describe(saved)} when the last checkpoint was saved.`
  return error('TARGET_BEHIND', { message, where: { sink, position: rules.describe(saved) } })
}
