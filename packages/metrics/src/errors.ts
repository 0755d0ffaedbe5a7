import { defineErrors } from '@cdc/core'

/** What the endpoint of metrics can stop with. */
export const metricsError = defineErrors({
  METRICS_PORT_TAKEN: {
    kind: 'config',
    cause: 'Another process listens on the address and port that metrics are to be served on.',
    cure: 'Choose another port: `metrics: {port: 9465}` or `--metrics-port 9465`. Two pipelines on one machine need two.',
  },
  METRICS_ADDRESS: {
    kind: 'config',
    cause: 'Metrics cannot be served on the address: it is none of this machine, or the port needs more rights.',
    cure: 'Use 127.0.0.1 for this machine only, 0.0.0.0 or :: for all its addresses, and a port above 1023.',
  },
})
