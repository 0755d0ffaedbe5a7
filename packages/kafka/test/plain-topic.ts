import type { OptionInput, Position } from '@cdc/core'
import { json } from '@cdc/json'
import { kafkaSource } from '../src/index.ts'
import type { sourceOptions } from '../src/source-options.ts'
import { Reading } from './read-source.ts'
import type { WrittenTopic } from './written-topic.ts'

export type Options = Partial<OptionInput<typeof sourceOptions.fields>>

export const schema = 'id INT, name STRING'
export const plain = { format: json({}), schema } as const
export const source = (written: WrittenTopic, options: Options = {}) =>
  kafkaSource({ ...written.options, ...plain, ...options } as OptionInput<typeof sourceOptions.fields>)
export const once: Options = { 'scan.bounded.mode': 'latest-offset' }
export const read = async (written: WrittenTopic, options: Options, after?: Position) => {
  await using reading = await Reading.of(source(written, options), after)
  return await reading.all()
}
export const row = (id: number, name = 'n') => ({ id, name })
export const inserted = (...ids: number[]) => ids.map((id) => ['insert', id, 'n'])
