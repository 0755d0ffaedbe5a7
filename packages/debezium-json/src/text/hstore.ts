/** Pairs of an hstore, in some order. */
export type HstorePairs = readonly (readonly [key: string, value: string | null])[]

const pairPattern = /"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")(?:, |$)/gs
const unescaped = (text: string) => text.replace(/\\(.)/gs, '$1')

/** Reads what the server prints: `"a"=>"1", "b"=>NULL`. */
export function readHstore(text: string): HstorePairs {
  const pairs: [string, string | null][] = []
  for (const [, key, value] of text.matchAll(pairPattern))
    pairs.push([unescaped(key!), value === undefined ? null : unescaped(value)])
  return pairs
}

export function hstoreText(pairs: HstorePairs): string {
  const escaped = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  return pairs.map(([key, value]) => `${escaped(key)}=>${value === null ? 'NULL' : escaped(value)}`).join(', ')
}

/**
 * The order in which a java.util.HashMap gives its keys, which is Debezium's: buckets by the spread hash, in each the
 * order of insertion. (Buckets of eight and more become trees there, which is not repeated.)
 */
export function inHashOrder<P extends readonly [string, unknown]>(pairs: readonly P[]): readonly P[] {
  if (pairs.length < 2) return pairs
  let capacity = 16
  while (pairs.length > capacity * 0.75) capacity *= 2
  const bucket = (key: string) => {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  return pairs
    .map((pair) => ({ pair, bucket: bucket(pair[0]) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ pair }) => pair)
}

/** The order in which the server keeps them: by the bytes of their keys, shorter ones first. */
export function inServerOrder(pairs: HstorePairs): HstorePairs {
  const keyed = pairs.map((pair) => ({ pair, key: Buffer.from(pair[0]) }))
  keyed.sort((a, b) => a.key.length - b.key.length || Buffer.compare(a.key, b.key))
  return keyed.map(({ pair }) => pair)
}
