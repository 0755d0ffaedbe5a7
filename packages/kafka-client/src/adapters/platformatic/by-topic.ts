/** Things of partitions, grouped by their topic, in the order of their first. */
export function byTopic<T extends { readonly topic: string }>(things: Iterable<T>): [topic: string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const one of things) {
    const same = groups.get(one.topic)
    if (same === undefined) groups.set(one.topic, [one])
    else same.push(one)
  }
  return [...groups]
}
