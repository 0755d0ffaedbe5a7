import { defineOptions, duration, integer, type OptionValues, size } from '@cdc/core'
import { defaultLimits, type PipelineLimitsInput } from '@cdc/runtime'

const { retry } = defaultLimits

/** The keys below `pipeline:`: how the loop between source and sinks behaves. */
export const limitOptions = defineOptions({
  'batch-rows': integer(
    { doc: 'Most changes in a batch given to a sink.', default: defaultLimits.batchRows },
    { min: 1, max: 1_000_000 },
  ),
  'batch-bytes': size({
    doc: 'Most memory of such a batch. One row may be larger by itself.',
    default: `${defaultLimits.batchBytes / 1024}kb`,
  }),
  'read-ahead-bytes': size({
    doc: 'How much may be read ahead of the sinks. Bounds the memory of the pipeline.',
    default: `${defaultLimits.readAheadBytes / 1024}kb`,
  }),
  'flush-interval': duration({
    doc: 'A busy pipeline makes rows visible at least this often; an idle one at once.',
    default: `${defaultLimits.flushInterval}ms`,
  }),
  'checkpoint-interval': duration({
    doc: 'Time between two saves of the checkpoint, and so between two acknowledgements to the source.',
    default: `${defaultLimits.checkpointInterval / 1000}s`,
  }),
  'shutdown-timeout': duration({
    doc: 'When asked to stop, what is not written by then is let go (and read again at the next start).',
    default: `${defaultLimits.shutdownTimeout / 1000}s`,
  }),
  'stall-timeout': duration({
    doc: 'A call into a sink that takes longer is an error (STALLED) and leads to a new attempt.',
    default: `${defaultLimits.stallTimeout / 60_000}min`,
  }),
  'retry-attempts': integer(
    { doc: 'Attempts to connect at the start, before the pipeline has read anything.', default: retry.attempts },
    { min: 1 },
  ),
  'retry-initial-delay': duration({
    doc: 'Wait before the second attempt; it doubles with each, with jitter.',
    default: `${retry.initialDelay}ms`,
  }),
  'retry-max-delay': duration({ doc: 'Longest wait between two attempts.', default: `${retry.maxDelay / 1000}s` }),
})

export function limitsOf(values: OptionValues<typeof limitOptions.fields>): PipelineLimitsInput {
  return {
    batchRows: values['batch-rows'],
    batchBytes: values['batch-bytes'],
    readAheadBytes: values['read-ahead-bytes'],
    flushInterval: values['flush-interval'],
    checkpointInterval: values['checkpoint-interval'],
    shutdownTimeout: values['shutdown-timeout'],
    stallTimeout: values['stall-timeout'],
    retry: {
      attempts: values['retry-attempts'],
      initialDelay: values['retry-initial-delay'],
      maxDelay: values['retry-max-delay'],
    },
  }
}
