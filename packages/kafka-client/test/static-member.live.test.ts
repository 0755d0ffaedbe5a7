import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type KafkaConnection, sharedKafka } from '@cdc/servers'
import { beforeAll, expect, test } from 'vitest'
import { type KafkaClient, type Member, openKafkaClient, type TopicPartition } from '../src/index.ts'
import { failureOf } from './reading.ts'

let kafka: KafkaConnection

beforeAll(async () => {
  kafka = await sharedKafka()
})

const poll = { timeout: 40_000 }
const names = (partitions: readonly TopicPartition[]) =>
  partitions.map(({ topic, partition }) => `${topic}:${partition}`).sort()

function open(instance: string): Promise<KafkaClient> {
  return openKafkaClient({
    'bootstrap.servers': kafka.bootstrapServers,
    'group.instance.id': instance,
    'heartbeat.interval.ms': '200',
    'session.timeout.ms': '30000',
    'fetch.max.wait.ms': '50',
    'auto.offset.reset': 'earliest',
  })
}

interface Watched {
  readonly member: Member
  readonly log: string[]
  readonly values: number[]
  /** What ends its reading. */
  readonly done: Promise<unknown>
}

function watch(client: KafkaClient, groupId: string, topics: readonly string[]): Watched {
  const [log, values]: [string[], number[]] = [[], []]
  const member = client.member({
    groupId,
    topics,
    onAssigned: async (partitions) => {
      log.push(`assigned ${names(partitions)}`)
      return []
    },
    onRevoked: async (partitions) => void log.push(`revoked ${names(partitions)}`),
    onLost: async (partitions) => void log.push(`lost ${names(partitions)}`),
    onJoined: () => void log.push('joined'),
  })
  const done = (async () => {
    for (;;) values.push(...(await member.next()).records.map(({ value }) => Number(value)))
  })().catch((failure: unknown) => failure)
  return { member, log, values, done }
}

/** A member in a process of its own. */
class MemberProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, null>
  /** What it has said that it has, each time that it joined. */
  readonly joined: string[][] = []

  constructor(group: string, instance: string, topics: readonly string[]) {
    const file = join(import.meta.dirname, 'member-process.ts')
    const args = ['--conditions=cdc-source', file, kafka.bootstrapServers, group, instance, topics.join()]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface(this.#child.stdout).on('line', (line) => this.joined.push(JSON.parse(line)))
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

test('a member with an instance id that is killed and comes back has its partitions again, and nobody else hears of it', async () => {
  const group = kafka.prefix('static')
  const [topic, later] = [`${group}-t`, `${group}-later`]
  await using client = await open('b')
  await client.admin().createTopics([{ topic, partitions: 4 }])
  // the first is the leader, which is the harder case: it comes back without being asked to assign
  await using first = new MemberProcess(group, 'a', [topic, later])
  await expect.poll(() => first.joined.at(-1)?.length, poll).toBe(4)
  const b = watch(client, group, [topic, later])
  await expect.poll(() => [b.member.assigned().length, b.log.at(-1)], poll).toEqual([2, 'joined'])
  await expect.poll(() => first.joined.at(-1)?.length, poll).toBe(2)
  const before = [...b.log]
  await first.kill()
  await using again = new MemberProcess(group, 'a', [topic, later])
  await expect.poll(() => again.joined, poll).toEqual([first.joined.at(-1)])
  expect([...b.log]).toEqual(before)
  // it still leads: a topic that appears is noticed
  await client.admin().createTopics([{ topic: later, partitions: 2 }])
  const all = () => [...(again.joined.at(-1) ?? []), ...names(b.member.assigned())].sort()
  const partitions = [0, 1].map((partition) => `${later}:${partition}`)
  await expect.poll(all, poll).toEqual([...partitions, ...[0, 1, 2, 3].map((one) => `${topic}:${one}`)].sort())
  await b.member.close()
})

test('of two processes with one instance id the older is put out with a code, and what it had not committed is read again', async () => {
  const group = kafka.prefix('static')
  const topic = `${group}-t`
  await using older = await open('a')
  await using newer = await open('a')
  await older.admin().createTopics([{ topic, partitions: 2 }])
  await using producer = older.producer()
  const value = (i: number) => ({ topic, partition: i % 2, key: null, value: Buffer.from(String(i)) })
  await producer.send(Array.from({ length: 100 }, (_, i) => value(i)))
  const a = watch(older, group, [topic])
  await expect.poll(() => a.values.length, poll).toBe(100)
  await a.member.commit([{ topic, partition: 0, offset: 50n }])
  const b = watch(newer, group, [topic])
  expect(await a.done).toMatchObject({ code: 'KAFKA_INSTANCE_FENCED', kind: 'conflict' })
  const late = a.member.commit([{ topic, partition: 1, offset: 50n }])
  expect((await failureOf(late)).code).toMatch(/^KAFKA_(INSTANCE_FENCED|REBALANCED)$/)
  await a.member.close()
  await expect.poll(() => b.values.length, poll).toBe(50)
  expect(b.values.every((one) => one % 2 === 1)).toBe(true)
  expect(a.log.at(-1)).toMatch(/^lost /)
  expect(b.log.filter((line) => line !== 'joined')).toEqual([`assigned ${topic}:0,${topic}:1`])
  // the one that is put out takes nothing with it
  await producer.send([value(100)])
  await expect.poll(() => b.values.at(-1), poll).toBe(100)
  await b.member.close()
})
