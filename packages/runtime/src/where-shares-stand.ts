import type { Position, PositionRules } from '@cdc/core'
import type { Checkpoint } from './checkpoint.ts'
import { error } from './errors.ts'
import { emptied, foreign, lowest, type SinkStand, type Stand } from './where-to-stand.ts'

/**
 * Where one of several processes reads from that share a source, and where its sinks stand: for each part of its share
 * what a sink that remembers says of it, else what the source's server knows.
 *
 * The checkpoint is no more than a hint: it has what this process did last, and others may have had the part since. It
 * only shows that a target was emptied or set back.
 */
export function whereSharesStand(
  checkpoint: Checkpoint | undefined,
  sinks: readonly SinkStand[],
  rules: PositionRules,
  share: Position,
): Stand {
  let setBack: string | undefined
  const mine = rules.parts!(share)
  const stands = sinks.map((sink): Position => {
    refuseAdded(checkpoint, sink)
    if (!sink.remembers || mine.size === 0) return share
    const saved = sink.apart ? undefined : (checkpoint?.sinks[sink.sink] ?? undefined)
    if (sink.position === undefined && saved !== undefined) throw emptied(sink.sink, saved, rules)
    if (sink.position === undefined) return share
    const has = rules.parts!(sink.position)
    const had = saved === undefined ? undefined : rules.parts!(saved)
    const parts = new Map(
      [...mine].map(([part, known]): [string, Position] => {
        const own = has.get(part)
        if (own === undefined && had?.has(part)) throw emptied(sink.sink, saved!, rules)
        if (own === undefined) return [part, known]
        // what others have written since is in targets of their own
        if (sink.apart) return [part, rules.merge(own, known)]
        if (isBehind(sink.sink, own, had?.get(part), rules)) setBack = sink.sink
        return [part, own]
      }),
    )
    return rules.join!(parts)
  })
  return { ...lowest(stands, rules), setBack }
}

function refuseAdded(checkpoint: Checkpoint | undefined, { sink, position }: SinkStand): void {
  if (checkpoint?.position === undefined || position !== undefined || Object.hasOwn(checkpoint.sinks, sink)) return
  throw error('SINK_ADDED', { message: `Sink '${sink}' is new to a pipeline that has run before.`, where: { sink } })
}

function isBehind(sink: string, own: Position, saved: Position | undefined, rules: PositionRules): boolean {
  const order = saved === undefined ? 0 : rules.compare(own, saved)
  if (order === undefined) throw foreign(sink, own, saved!, rules)
  return order < 0
}
