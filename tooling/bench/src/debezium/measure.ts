import { setTimeout as wait } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import type { Measurement } from '../measurement.ts'
import { type ConnectorJob, ConnectWorker } from './connect-worker.ts'

const longest = 3_600_000
const interval = 20

/** Makes the topic before, since the broker makes none by itself; it is dropped at the end. */
export async function withTopic<T>(
  { kafka }: Bench,
  config: Readonly<Record<string, string>>,
  run: (prefix: string, topic: string) => Promise<T>,
): Promise<T> {
  const prefix = kafka.freshTopic()
  const topic = `${prefix}.public.items`
  await kafka.make(topic, 1, config)
  try {
    return await run(prefix, topic)
  } finally {
    await kafka.drop(topic)
  }
}

/**
 * From the start of its process until the broker has all records, as ours is measured; without the JVM's start and
 * warm-up, its second half: `warm`.
 */
export async function measureDebezium(
  bench: Bench,
  changes: number,
  job: Omit<ConnectorJob, 'prefix' | 'source'>,
): Promise<{ readonly cold: Measurement; readonly warm: Measurement }> {
  const { kafka, source, folder } = bench
  return withTopic(bench, {}, async (prefix, topic) => {
    const start = performance.now()
    const worker = await ConnectWorker.start(kafka, folder, { ...job, source, prefix })
    try {
      let warm: { readonly at: number; readonly cpu: number; readonly count: number } | undefined
      for (;;) {
        const count = await kafka.count(topic)
        const at = performance.now()
        const cpu = worker.cpu()
        if (count >= changes / 2) warm ??= { at, cpu, count }
        if (count >= changes) {
          const peakRss = worker.peakRss()
          const half = warm!
          return {
            cold: { changes, seconds: (at - start) / 1000, cpu, peakRss },
            warm: { changes: count - half.count, seconds: (at - half.at) / 1000, cpu: cpu - half.cpu, peakRss },
          }
        }
        if (at - start > longest) throw new Error(`Debezium wrote ${count} of ${changes} records in an hour.`)
        await wait(interval)
      }
    } finally {
      await worker.stop()
    }
  })
}
