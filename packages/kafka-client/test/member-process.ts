/**
 * A member of a group in a process of its own, which can be killed. Arguments: bootstrap servers, group, instance id,
 * topics separated by commas. Prints what it has as a line of JSON whenever that changes.
 */
import { openKafkaClient, type TopicPartition } from '../src/index.ts'

const [bootstrap, groupId, instance, topics] = process.argv.slice(2) as [string, string, string, string]
const client = await openKafkaClient({
  'bootstrap.servers': bootstrap,
  'group.instance.id': instance,
  'heartbeat.interval.ms': '200',
  'session.timeout.ms': '30000',
  'metadata.max.age.ms': '500',
  'auto.offset.reset': 'earliest',
})
const names = (partitions: readonly TopicPartition[]) =>
  partitions.map(({ topic, partition }) => `${topic}:${partition}`).sort()
const member = client.member({
  groupId,
  topics: topics.split(','),
  reads: false,
  onAssigned: async () => [],
  onRevoked: async () => undefined,
  onLost: async () => undefined,
  onJoined: (assigned) => process.stdout.write(`${JSON.stringify(names(assigned))}\n`),
})
await member.next()
