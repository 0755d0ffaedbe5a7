import { defineFormat } from '@cdc/core'
import { rawOptions } from './options.ts'
import { RawFormat } from './raw-format.ts'

/** The format `raw`: one column as its bytes. */
export const raw = defineFormat({
  name: 'raw',
  description: "One column as the bytes of its text or number, as Flink's raw writes them.",
  options: rawOptions,
  holds: ({ changelog }) => (changelog === 'none' ? 'append' : 'upsert'),
  create: (values, context) => new RawFormat(values, context),
})
