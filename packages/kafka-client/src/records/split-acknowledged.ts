import type { Acknowledged } from '../port.ts'
import type { PartitionQueue } from './partition-queue.ts'

/**
 * Several sends went out as one: what of the acknowledgements belongs to each, `lengths` being their numbers of
 * records. In each partition they follow one another in the order of the sends.
 */
export function splitAcknowledged(
  {
    queues,
    acknowledged,
  }: { readonly queues: readonly PartitionQueue[]; readonly acknowledged: readonly Acknowledged[] },
  lengths: readonly number[],
): Acknowledged[][] {
  const parts: Acknowledged[][] = lengths.map(() => [])
  for (const queue of queues) {
    const runs = acknowledged
      .filter(({ topic, partition }) => topic === queue.topic && partition === queue.partition)
      .map(({ baseOffset, count }) => ({ baseOffset, count }))
    let record = 0
    let end = 0
    lengths.forEach((length, part) => {
      end += length
      let mine = 0
      while (record < queue.places.length && queue.places[record]! < end) {
        record++
        mine++
      }
      while (mine > 0) {
        const run = runs[0]!
        const count = Math.min(mine, run.count)
        parts[part]!.push({ topic: queue.topic, partition: queue.partition, baseOffset: run.baseOffset, count })
        mine -= count
        run.baseOffset += BigInt(count)
        run.count -= count
        if (run.count === 0) runs.shift()
      }
    })
  }
  return parts
}
