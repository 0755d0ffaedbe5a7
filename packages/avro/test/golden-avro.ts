import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { TopicRecord } from '../../debezium-json/test/golden-records.ts'
import { parseTree } from '../../debezium-json/test/json-tree.ts'
import { connectTree } from './connect-tree.ts'

/** One record of the real Debezium through an AvroConverter, as it was on the wire. */
export interface GoldenRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly { readonly key: string; readonly value: unknown }[]
}

const open = (scenario: string, name: string) =>
  gunzipSync(readFileSync(new URL(`golden/${scenario}/${name}.gz`, import.meta.url))).toString()

interface Line {
  readonly topic: string
  readonly keyBase64?: string | null
  readonly valueBase64?: string | null
  readonly headers: GoldenRecord['headers']
}

const bytes = (text: string | null | undefined) => (text == null ? null : new Uint8Array(Buffer.from(text, 'base64')))

export function goldenAvro(scenario: string): GoldenRecord[] {
  const lines = open(scenario, 'avro.jsonl').trimEnd().split('\n')
  return lines.map((line) => {
    // what the recorder has decoded holds NaN, which is no JSON
    const raw = /^(\{.*?"headers":\[.*?\])(?:,"(?:key|value)":(?:\{"|null)|\}$)/.exec(line)![1]!
    const { topic, keyBase64, valueBase64, headers } = JSON.parse(`${raw}}`) as Line
    return { topic, key: bytes(keyBase64), value: bytes(valueBase64), headers }
  })
}

/** The schemas that the registry had, by id, as their text was. */
export function goldenSchemas(
  scenario: string,
): ReadonlyMap<number, { readonly subject: string; readonly text: string }> {
  const all = JSON.parse(open(scenario, 'avro.schemas.json')) as { subject: string; id: number; schema: unknown }[]
  return new Map(all.map(({ subject, id, schema }) => [id, { subject, text: JSON.stringify(schema) }]))
}

/** The recorded records with schemas and bytes in a form in which differences can be told and masked. */
export function goldenTrees(scenario: string): TopicRecord[] {
  const schemas = goldenSchemas(scenario)
  // a label that was added since is in the schema from the table's next shape on
  const textOf = (id: number) => schemas.get(id)!.text.replaceAll('happy, really,new"', 'happy, really"')
  return goldenAvro(scenario).map(({ topic, key, value, headers }) => ({
    topic,
    key: connectTree(key, textOf),
    value: connectTree(value, textOf),
    headers: headers.map((one) => [one.key, parseTree(JSON.stringify(one.value))]),
  }))
}
