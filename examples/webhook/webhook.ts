/** A complete sink: it posts each batch to a URL, one record a line, in any format. */
import * as core from '@cdc/core'

const options = core.defineOptions({
  url: core.text({ doc: 'Where to post to.', required: true, example: 'https://hooks.example.com/changes' }),
  token: core.text({ doc: 'Sent as a bearer token.', secret: true, env: 'WEBHOOK_TOKEN' }),
  timeout: core.duration({ doc: 'How long an answer may take.', default: '30s' }),
  format: core.format({ doc: 'How a change is written down.', required: true }),
})
type Values = core.OptionValues<typeof options.fields>

const error = core.defineErrors({
  WEBHOOK_UNREACHABLE: {
    kind: 'connection', // changes are read again, and posted again
    cause: 'The service of a `webhook` sink did not answer in time, or with a fault that passes (429, 5xx).',
    cure: 'See that the service runs and that its URL is right. The pipeline goes on when it answers again.',
  },
  WEBHOOK_REFUSED: {
    kind: 'config', // the pipeline stops
    cause: 'The service did not take the token, the path or the body (3xx, 4xx).',
    cure: 'See the status in the message and the log of the service; correct `url`, `token` or `format`.',
  },
})

export const webhook = core.defineSink({
  name: 'webhook',
  description: 'Posts changes to a URL.',
  options,
  // it remembers nothing, so a body may come twice; what can be written down is what can be taken
  capabilities: (values) => ({ accepts: values.format.holds }),
  create: (values, context) => new WebhookSink(values, context),
})

class WebhookSink implements core.Sink {
  readonly #options: Values
  readonly #format: core.Format
  readonly #encoders = new Map<string, core.Encoder>()

  constructor(values: Values, context: core.SinkContext) {
    this.#options = values
    this.#format = values.format.create({ ...context, role: 'value' })
  }

  async open(): Promise<void> {}
  async flush(): Promise<void> {} // when `write` resolves, the service has said that it has everything
  async close(): Promise<void> {
    await this.#format.close?.()
  }

  async write({ changes }: core.Batch, signal: AbortSignal): Promise<void> {
    let body = ''
    for (const change of changes.filter(core.isTableChange)) {
      const table = core.tableName(change.table)
      if (change.kind === 'schema') this.#encoders.set(table, await this.#format.encoder(change.table))
      else
        for (const { key, value } of this.#encoders.get(table)!.encode(change))
          body += `${JSON.stringify({ table, key: asText(key), value: asText(value) })}\n`
    }
    if (body !== '') await this.#post(body, signal)
  }

  async #post(body: string, signal: AbortSignal): Promise<void> {
    const { url, token, timeout } = this.#options
    const headers = { 'content-type': 'application/x-ndjson', ...(token && { authorization: `Bearer ${token}` }) }
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
    const request = { method: 'POST', headers, body, signal: within, redirect: 'manual' } as const
    const answer = await fetch(url, request).catch((cause: unknown) => {
      throw signal.aborted ? signal.reason : error('WEBHOOK_UNREACHABLE', { message: 'The service is silent.', cause })
    })
    await answer.body?.cancel()
    if (answer.ok) return
    const passes = answer.status === 429 || answer.status >= 500
    throw error(passes ? 'WEBHOOK_UNREACHABLE' : 'WEBHOOK_REFUSED', {
      message: `The service answered ${answer.status}.`,
    })
  }
}

const asText = (part: core.EncodedRecord['key']) => (part instanceof Uint8Array ? Buffer.from(part).toString() : part)
