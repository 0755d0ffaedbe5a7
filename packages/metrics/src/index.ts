export { metricsError } from './errors.ts'
export { Health } from './health.ts'
export { type MetricName, metricNames, observeReports } from './instruments.ts'
export { type MetricsEndpoint, type MetricsServerOptions, startMetricsServer } from './server.ts'
