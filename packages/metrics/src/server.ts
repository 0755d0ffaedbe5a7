import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Report } from '@cdc/core'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { metricsError } from './errors.ts'
import { Health } from './health.ts'
import { observeReports } from './instruments.ts'

export interface MetricsServerOptions {
  readonly pipeline: string
  /** 0: any that is free. */
  readonly port: number
  /**
   * Default: 127.0.0.1. An IPv4 address is that one; an IPv6 address (`::` too) is IPv6 alone; `localhost` is
   * 127.0.0.1 and ::1, `*` is 0.0.0.0 and ::, in both cases without IPv6 where the machine has none.
   */
  readonly host?: string
}

/** Metrics of one pipeline, served. */
export interface MetricsEndpoint {
  /** Where each address answers: `http://127.0.0.1:9464`. */
  readonly urls: readonly string[]
  readonly observer: (report: Report) => void
  close(): Promise<void>
}

/**
 * Serves `/metrics` (Prometheus' text format), `/healthz` (the process lives) and `/readyz` (200 when ready, 503 when
 * not, with the reason). Resolves when it listens; throws METRICS_PORT_TAKEN or METRICS_ADDRESS where it cannot.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsEndpoint> {
  const { pipeline, port, host = '127.0.0.1' } = options
  const health = new Health()
  const reader = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({ readers: [reader] })
  const observer = observeReports(provider.getMeter('cdc'), pipeline, health)
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true)
  const scrape = async () => serializer.serialize((await reader.collect()).resourceMetrics)
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    void respond(request, response, health, scrape).catch(() => response.destroy())
  const servers: Server[] = []
  const close = async () => {
    await Promise.all(servers.map(stop))
    await provider.shutdown()
  }
  try {
    for (const [index, address] of addressesOf(host).entries()) {
      // both families on the port that the first was given
      const wanted = index === 0 ? port : (servers[0]!.address() as AddressInfo).port
      const server = await listen(answer, address, wanted, index > 0)
      if (server !== undefined) servers.push(server)
    }
  } catch (failure) {
    await close()
    throw failure
  }
  return { urls: servers.map(urlOf), observer, close }
}

function addressesOf(host: string): string[] {
  if (host === 'localhost') return ['127.0.0.1', '::1']
  return host === '*' ? ['0.0.0.0', '::'] : [host]
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** undefined: the machine has no such family, and it may do without. */
async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  host: string,
  port: number,
  optional: boolean,
): Promise<Server | undefined> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, answer)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, ipv6Only: true, exclusive: true }, resolve)
    })
    // it must not keep the process alive by itself
    server.unref()
    return server
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException
    if (optional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return undefined
    const taken = code === 'EADDRINUSE'
    throw metricsError(taken ? 'METRICS_PORT_TAKEN' : 'METRICS_ADDRESS', {
      message: taken
        ? `Port ${port} of ${host} is taken, so metrics cannot be served there.`
        : `Metrics cannot be served on ${host}, port ${port}: ${code}.`,
      cause,
    })
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  health: Health,
  scrape: () => Promise<string>,
): Promise<void> {
  const path = (request.url ?? '').replace(/[?#].*$/s, '')
  if (!['/metrics', '/healthz', '/readyz'].includes(path))
    return send(response, 404, 'There are /metrics, /healthz and /readyz.\n')
  if (request.method !== 'GET') {
    response.setHeader('allow', 'GET')
    return send(response, 405, 'Only GET.\n')
  }
  if (path === '/healthz') return send(response, 200, 'alive\n')
  if (path === '/readyz') return send(response, health.ready ? 200 : 503, `${health.reason}\n`)
  send(response, 200, await scrape(), 'text/plain; version=0.0.4; charset=utf-8')
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
