import { waitFor } from '@cdc/servers'
import type { Isolation, KafkaClient, KafkaRecord, ProducerRecord } from '../src/port.ts'

/**
 * Everything in a topic, up to its end now, once no transaction is open in it: markers are written a moment after a
 * commit is answered. Fails when it does not get there within a minute.
 */
export async function readAll(
  client: KafkaClient,
  topic: string,
  isolation: Isolation = 'read_committed',
): Promise<(KafkaRecord & { readonly partition: number })[]> {
  const description = (await client.admin().describe([topic])).get(topic)!
  const partitions = description.partitions.map(({ partition }) => ({ topic, partition }))
  const latest = (level: Isolation) => client.admin().offsets(partitions, 'latest', level)
  const ends = await waitFor(
    async () => {
      const [stable, all] = [await latest('read_committed'), await latest('read_uncommitted')]
      return stable.every(({ offset }, i) => offset === all[i]!.offset) && stable
    },
    { timeout: 60_000, describe: `the transactions of topic ${topic} to end` },
  )
  const starts = await client.admin().offsets(partitions, 'earliest', isolation)
  const from = starts.map((start, i) => ({ ...start, endOffset: ends[i]!.offset }))
  await using reader = client.reader({ partitions: from, isolation })
  const records: (KafkaRecord & { readonly partition: number })[] = []
  const signal = AbortSignal.timeout(60_000)
  for (let batch = await reader.next(signal); batch !== undefined; batch = await reader.next(signal))
    for (const record of batch.records) records.push({ ...record, partition: batch.partition })
  return records
}

/** Records with the numbers `from` to before `to` as values, by key over the partitions. */
export function numbered(topic: string, from: number, to: number): ProducerRecord[] {
  return Array.from({ length: to - from }, (_, i) => ({
    topic,
    key: Buffer.from(`key-${(from + i) % 50}`),
    value: Buffer.from(String(from + i)),
  }))
}

/** The values of each key, in the order of the offsets. */
export function valuesByKey(records: readonly { readonly key: Buffer | null; readonly value: Buffer | null }[]) {
  const keys = new Map<string, number[]>()
  for (const { key, value } of records) {
    const list = keys.get(String(key)) ?? []
    list.push(Number(value))
    keys.set(String(key), list)
  }
  return keys
}

/** What `numbered` gives each key. */
export function expectedByKey(to: number): Map<string, number[]> {
  return valuesByKey(numbered('', 0, to))
}

/** The error that a promise is rejected with; fails when it is not. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ readonly code: string; readonly kind: string; readonly message: string }> {
  try {
    await promise
  } catch (error) {
    return error as { code: string; kind: string; message: string }
  }
  throw new Error('It was expected to fail.')
}
