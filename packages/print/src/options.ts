import { defineOptions, flag, integer, text } from '@cdc/core'

/** Flink's options: https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/print/ */
export const printOptions = defineOptions({
  'print-identifier': text({ doc: 'Put before each line, followed by `> `.', example: 'orders' }),
  'standard-error': flag({ doc: 'Print to standard error instead of standard output.', default: false }),
  'sink.parallelism': integer(
    { doc: 'Accepted for Flink’s sake: one task prints. Above 1, lines begin with its number as in Flink, `1> `.' },
    { min: 1 },
  ),
})
