import type { TopicPartition } from '../port.ts'
import type { Assignor } from '../settings/settings.ts'
import type { Subscription } from './consumer-protocol.ts'

export interface GroupMember extends Subscription {
  readonly id: string
}

/** Who gets what, by member id. `counts` has the topics' numbers of partitions. */
export type Assignment = Map<string, TopicPartition[]>

export function assign(
  assignor: Assignor,
  members: readonly GroupMember[],
  counts: ReadonlyMap<string, number>,
): Assignment {
  // by id, so that it does not depend on the order in which they joined
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (assignor === 'range') return range(sorted, counts)
  if (assignor === 'roundrobin') return roundRobin(sorted, counts)
  return cooperativeSticky(sorted, counts)
}

/** Per topic, one run of partitions each; the first members get one more (`RangeAssignor`). */
function range(members: readonly GroupMember[], counts: ReadonlyMap<string, number>): Assignment {
  const result = empty(members)
  for (const topic of [...counts.keys()].sort()) {
    const takers = members.filter(({ topics }) => topics.includes(topic))
    let partition = 0
    takers.forEach(({ id }, place) => {
      const share = Math.floor((counts.get(topic)! + takers.length - 1 - place) / takers.length)
      for (let i = 0; i < share; i++) result.get(id)!.push({ topic, partition: partition++ })
    })
  }
  return result
}

/** All partitions in order, dealt out in turn (`RoundRobinAssignor`). */
function roundRobin(members: readonly GroupMember[], counts: ReadonlyMap<string, number>): Assignment {
  const result = empty(members)
  let turn = 0
  for (const one of allPartitions(counts)) {
    for (let tried = 0; tried < members.length; tried++) {
      const member = members[turn++ % members.length]!
      if (!member.topics.includes(one.topic)) continue
      result.get(member.id)!.push(one)
      break
    }
  }
  return result
}

/**
 * Everybody keeps what they have up to a fair share, and the rest goes to who has least. A partition that moves is
 * given to nobody in this round: its owner gives it up first, and the next round hands it on (KIP-429).
 */
function cooperativeSticky(members: readonly GroupMember[], counts: ReadonlyMap<string, number>): Assignment {
  const result = empty(members)
  const owners = currentOwners(members, counts)
  const all = allPartitions(counts)
  const share = Math.ceil(all.length / Math.max(1, members.length))
  const richest = all.length - Math.floor(all.length / Math.max(1, members.length)) * members.length
  let full = 0
  const rest: TopicPartition[] = []
  for (const one of all) {
    const owner = owners.get(keyOf(one))
    const kept = owner === undefined ? undefined : result.get(owner)!
    // only so many may have one more than the others
    const mayKeep =
      kept !== undefined && (kept.length < share - 1 || (kept.length < share && (richest === 0 || full < richest)))
    if (!mayKeep) {
      rest.push(one)
      continue
    }
    kept.push(one)
    if (kept.length === share && richest !== 0) full++
  }
  for (const one of rest) {
    const taker = poorest(members, one.topic, result)
    if (taker !== undefined) result.get(taker)!.push(one)
  }
  for (const [id, list] of result)
    result.set(
      id,
      list.filter((one) => {
        const owner = owners.get(keyOf(one))
        return owner === undefined || owner === id
      }),
    )
  return result
}

function poorest(members: readonly GroupMember[], topic: string, result: Assignment): string | undefined {
  const takers = members.filter(({ topics }) => topics.includes(topic)).map(({ id }) => id)
  let best = takers[0]
  for (const id of takers) if (result.get(id)!.length < result.get(best!)!.length) best = id
  return best
}

/** Of two that claim a partition, the one of the later generation has it. */
function currentOwners(members: readonly GroupMember[], counts: ReadonlyMap<string, number>): Map<string, string> {
  const owners = new Map<string, { readonly id: string; readonly generation: number }>()
  for (const { id, owned, generation, topics } of members)
    for (const one of owned) {
      if (!topics.includes(one.topic) || one.partition >= (counts.get(one.topic) ?? 0)) continue
      const other = owners.get(keyOf(one))
      if (other === undefined || other.generation < generation) owners.set(keyOf(one), { id, generation })
    }
  return new Map([...owners].map(([key, { id }]) => [key, id]))
}

function allPartitions(counts: ReadonlyMap<string, number>): TopicPartition[] {
  return [...counts.keys()]
    .sort()
    .flatMap((topic) => Array.from({ length: counts.get(topic)! }, (_, partition) => ({ topic, partition })))
}

function empty(members: readonly GroupMember[]): Assignment {
  return new Map(members.map(({ id }) => [id, []]))
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}
