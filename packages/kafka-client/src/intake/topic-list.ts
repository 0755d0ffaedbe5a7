import type { Admin, TopicDescription, TopicPartition } from '../port.ts'
import { intakeError } from './errors.ts'
import type { TopicPosition } from './topic-position.ts'

/** Topics with what is known of them, by name. */
export type Topics = ReadonlyMap<string, TopicDescription>

/**
 * The topics that are to be read, as they are now. Throws KAFKA_TOPIC_NOT_FOUND where one that is named is not there;
 * a pattern may match none.
 */
export async function lookUpTopics(
  admin: Admin,
  wanted: readonly string[] | RegExp,
  signal?: AbortSignal,
): Promise<Topics> {
  if (Array.isArray(wanted)) {
    const found = await admin.describe(wanted, signal)
    const missing = wanted.filter((topic) => !found.has(topic))
    if (missing.length === 0) return found
    const what = missing.length === 1 ? `Topic '${missing[0]}' does` : `Topics '${missing.join("', '")}' do`
    throw intakeError('KAFKA_TOPIC_NOT_FOUND', { message: `${what} not exist.`, where: { option: 'topic' } })
  }
  const matching = (await admin.topics(signal)).filter((topic) => (wanted as RegExp).test(topic))
  return matching.length === 0 ? new Map() : admin.describe(matching, signal)
}

export function partitionsOf(topics: Topics): TopicPartition[] {
  return [...topics].flatMap(([topic, { partitions }]) => partitions.map(({ partition }) => ({ topic, partition })))
}

/** Is a topic of the position still meant by the options? */
export const isWanted = (wanted: readonly string[] | RegExp, topic: string) =>
  wanted instanceof RegExp ? wanted.test(topic) : wanted.includes(topic)

/** Throws KAFKA_TOPIC_LOST where a topic that was read, and is still wanted, is not there as it was. */
export function proveThere(position: TopicPosition, wanted: readonly string[] | RegExp, topics: Topics): void {
  for (const [topic, { id, offsets }] of position.topics) {
    if (!isWanted(wanted, topic)) continue
    const now = topics.get(topic)
    if (now === undefined) throw lost(`Topic '${topic}', which was read in part, is gone.`)
    if (id !== undefined && now.topicId !== undefined && id !== now.topicId)
      throw lost(`Topic '${topic}' was deleted and made again since it was read.`)
    for (const partition of offsets.keys())
      if (!now.partitions.some((one) => one.partition === partition))
        throw lost(`Partition ${partition} of topic '${topic}', which was read in part, is gone.`)
  }
}

export const lost = (message: string, cause?: unknown) => intakeError('KAFKA_TOPIC_LOST', { message, cause })
