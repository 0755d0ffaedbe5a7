import { defineOptions, integer, text } from '@cdc/core'

/** The keys below `metrics:`: where Prometheus finds the pipeline. Without `metrics` nothing is served. */
export const metricsOptions = defineOptions({
  port: integer(
    {
      doc: 'The port of `/metrics`, `/healthz` and `/readyz`. 0: any that is free; the log says which.',
      default: 9464,
    },
    { min: 0, max: 65_535 },
  ),
  host: text({
    doc: 'The address to listen on: an IPv4 address, an IPv6 address (for IPv6 alone), `localhost` (127.0.0.1 and ::1) or `*` (0.0.0.0 and ::).',
    default: '127.0.0.1',
  }),
})

export interface MetricsConfig {
  readonly port: number
  readonly host: string
}
