import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Branch, parseTree, type Tree } from './json-tree.ts'

/** One record, wherever it came from. */
export interface TopicRecord {
  topic: string
  key: Tree | undefined
  value: Tree | undefined
  headers: [name: string, value: Tree][]
}

/** How one of the recorded connectors was configured. */
export interface GoldenConfig {
  readonly config: Readonly<Record<string, string>>
  readonly records: number
  readonly failed?: true
}

const folder = (scenario: string) => new URL(`golden/${scenario}/`, import.meta.url)
const text = (scenario: string, name: string) => readFileSync(new URL(name, folder(scenario)), 'utf8')

export const goldenSql = (scenario: string, name: '1-schema.sql' | '2-changes.sql') => text(scenario, name)

export function goldenConfigs(scenario: string): Readonly<Record<string, GoldenConfig>> {
  return JSON.parse(text(scenario, 'configs.json'))
}

/** The records of a configuration, with each schema in its place. */
export function goldenRecords(scenario: string, config: string): TopicRecord[] {
  const open = (name: string) => gunzipSync(readFileSync(new URL(name, folder(scenario)))).toString()
  const lines = open(`${config}.jsonl.gz`)
    .split('\n')
    .filter((line) => line !== '')
  let schemas: Branch | undefined
  const schema = (hash: string) => {
    schemas ??= parseTree(open(`${config}.schemas.json.gz`)) as Branch
    return schemas.get(hash)!
  }
  return lines.map((line) => record(parseTree(line) as Branch, schema))
}

function record(line: Branch, schema: (hash: string) => Tree): TopicRecord {
  const part = (name: 'key' | 'value'): Tree | undefined => {
    const raw = line.get(`${name}Raw`)
    const tree = raw === undefined ? line.get(name)! : parseTree(JSON.parse(raw as string))
    if (tree === 'null') return undefined
    const reference = tree instanceof Branch ? tree.get('schema') : undefined
    if (!(reference instanceof Branch) || reference.get('$ref') === undefined) return tree
    const whole = new Branch()
    whole.set('schema', schema(JSON.parse(reference.get('$ref') as string)))
    const payload = line.get(`${name}RawPayload`)
    whole.set(
      'payload',
      payload === undefined ? (tree as Branch).get('payload')! : parseTree(JSON.parse(payload as string)),
    )
    return whole
  }
  const headers = (line.get('headers') as Branch[]).map((header): [string, Tree] => [
    JSON.parse(header.get('key') as string),
    header.get('value')!,
  ])
  return { topic: JSON.parse(line.get('topic') as string), key: part('key'), value: part('value'), headers }
}
