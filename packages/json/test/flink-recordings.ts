import { readFileSync } from 'node:fs'

/** A Kafka record as it was recorded from Flink: texts, or null. */
export interface Recorded {
  readonly key: string | null
  readonly value: string | null
}

const file = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8')

/** Records that Flink 1.20.5 wrote for the statements in `setup.sql` and `changes.sql`. */
export function recorded(name: string): Recorded[] {
  const lines = file(`${name}.jsonl`).trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Recorded).map(({ key, value }) => ({ key, value }))
}

export const setupSql = () => file('setup.sql')
export const changesSql = () => file('changes.sql')

/** What Flink itself loses before its format is asked, and ours does not. Each is told in docs/13-json.md. */
export const differences = [
  {
    reason: "Flink drops a TIME's fraction of a second: its TIME(3) is cut to seconds when it is written.",
    flink: '"t":"12:34:56"',
    ours: '"t":"12:34:56.789"',
  },
  {
    reason:
      'Flink CDC reads no arrays, so the column was declared STRING and got the text that Java prints for a list.',
    flink: '"arr":"[1, null, 3]"',
    ours: '"arr":[1,null,3]',
  },
] as const

/** The recording with those differences put in; fails where one of them is not met at all. */
export function withDifferences(records: readonly Recorded[]): Recorded[] {
  let text = JSON.stringify(records)
  for (const { flink, ours } of differences) {
    const [from, to] = [flink, ours].map((part) => JSON.stringify(part).slice(1, -1)) as [string, string]
    if (!text.includes(from)) throw new Error(`The recording does not show it any more: ${flink}`)
    text = text.replaceAll(from, to)
  }
  return JSON.parse(text) as Recorded[]
}
