import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { CdcError } from '@cdc/core'
import { error } from '../errors.ts'
import type { RegistrySettings } from './settings.ts'
import { type TlsOptions, tlsOptions } from './tls.ts'

/** What the registry answered, whatever the status. */
export interface Answer {
  readonly status: number
  readonly text: string
}

const MEDIA = 'application/vnd.schemaregistry.v1+json'

/**
 * HTTP to a registry that may have several URLs: the next is asked where one cannot be reached or answers 5xx or 429,
 * and all of them again after a growing pause. (Not `fetch`: Node's takes neither a CA nor a client certificate.)
 */
export class Transport {
  readonly #settings: RegistrySettings
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: 4 })
  #https: Promise<HttpsAgent> | undefined
  /** The URL that answered last. */
  #first = 0

  constructor(settings: RegistrySettings) {
    this.#settings = settings
  }

  async send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Answer> {
    const { retries, wait, maxWait } = this.#settings
    for (let attempt = 0; ; attempt++) {
      const result = await this.#everywhere(method, path, body)
      if ('status' in result) return result
      if (attempt >= retries) throw result.failure
      const pause = Math.min(wait * 2 ** attempt, maxWait)
      await sleep(result.after ?? pause * (0.5 + Math.random() / 2))
    }
  }

  async close(): Promise<void> {
    this.#http.destroy()
    const agent = await this.#https?.catch(() => undefined)
    agent?.destroy()
  }

  /** Asks each URL once. */
  async #everywhere(
    method: string,
    path: string,
    body: object | undefined,
  ): Promise<Answer | { readonly failure: CdcError; readonly after: number | undefined }> {
    const { urls } = this.#settings
    let failure: CdcError | undefined
    let after: number | undefined
    for (let i = 0; i < urls.length; i++) {
      const at = (this.#first + i) % urls.length
      const url = urls[at]!
      try {
        const { response, text } = await this.#ask(url, method, path, body)
        const status = response.statusCode ?? 0
        if (status < 500 && status !== 429) {
          this.#first = at
          return { status, text }
        }
        failure = down(url, `answered ${status}`)
        after = retryAfter(response) ?? after
      } catch (cause) {
        if (CdcError.is(cause)) throw cause
        failure = refusal(url, cause)
        if (failure.kind === 'config') throw failure
      }
    }
    return { failure: failure!, after }
  }

  async #ask(base: URL, method: string, path: string, body: object | undefined) {
    const secure = base.protocol === 'https:'
    const agent = secure ? await this.#secureAgent() : this.#http
    const url = new URL(base.pathname.replace(/\/$/, '') + path, base)
    const { authorization, headers, timeout } = this.#settings
    const text = body === undefined ? undefined : JSON.stringify(body)
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method,
      agent,
      signal: AbortSignal.timeout(timeout),
      headers: {
        accept: `${MEDIA}, application/json`,
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
        ...(text === undefined ? {} : { 'content-type': MEDIA, 'content-length': Buffer.byteLength(text) }),
      },
    })
    request.end(text)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject)
    })
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { response, text: Buffer.concat(chunks).toString() }
  }

  #secureAgent(): Promise<HttpsAgent> {
    this.#https ??= tlsOptions(this.#settings.tls).then(
      (options: TlsOptions) => new HttpsAgent({ ...options, keepAlive: true, maxSockets: 4 }),
    )
    return this.#https
  }
}

/** Milliseconds from a `Retry-After` in seconds, at most a minute. */
function retryAfter({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1000 : undefined
}

function down(url: URL, why: string, cause?: unknown): CdcError {
  return error('REGISTRY_DOWN', { message: `The schema registry at ${url.href} ${why}.`, cause })
}

function refusal(url: URL, cause: unknown): CdcError {
  const code = (cause as { code?: unknown })?.code
  const text = typeof code === 'string' ? code : ''
  if (/CERT|SIGNATURE|SELF_SIGNED|ERR_TLS|UNABLE_TO|ERR_OSSL|ERR_SSL_(TLSV1|SSLV3|CERT)/.test(text))
    return error('REGISTRY_TLS', {
      message: `The connection to the schema registry at ${url.href} failed in TLS (${text}).`,
      cause,
    })
  const timedOut = (cause as { name?: unknown })?.name === 'TimeoutError' || text === 'ABORT_ERR'
  return down(url, timedOut ? 'did not answer in time' : `cannot be reached${text === '' ? '' : ` (${text})`}`, cause)
}
