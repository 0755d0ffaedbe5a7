import { Buffer } from 'node:buffer'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { kafkaError } from '../errors.ts'

export interface ClientCredentials {
  readonly url: string
  readonly id: string
  readonly secret: string
  readonly scope: string | undefined
  /** PEM: the authority of the token endpoint. Undefined: those that Node trusts. */
  readonly ca: string | undefined
}

interface Token {
  readonly text: string
  /** Until when it is given again, by `performance.now()`. */
  readonly until: number
}

const patience = 10_000
/** Of a token's lifetime, after which a new one is asked for: as the Java client (`sasl.login.refresh.window.factor`). */
const fresh = 0.8

/**
 * Tokens by the client credentials grant (RFC 6749, 4.4), as Java's `OAuthBearerLoginCallbackHandler` asks for them. One
 * token serves all connections until most of its time is over.
 */
export class ClientCredentialsTokens {
  readonly #credentials: ClientCredentials
  #token: Promise<Token> | undefined

  constructor(credentials: ClientCredentials) {
    this.#credentials = credentials
  }

  /** Throws KAFKA_UNREACHABLE, KAFKA_TLS, KAFKA_AUTHENTICATION, and asks anew the next time. */
  async token(): Promise<string> {
    const known = await this.#token
    if (known !== undefined && performance.now() < known.until) return known.text
    const asked = askForToken(this.#credentials)
    this.#token = asked
    asked.catch(() => {
      if (this.#token === asked) this.#token = undefined
    })
    return (await asked).text
  }
}

async function askForToken(credentials: ClientCredentials): Promise<Token> {
  const { status, text } = await post(credentials)
  const refused = (why: string) =>
    kafkaError('KAFKA_AUTHENTICATION', { message: `The ${endpoint(credentials)} gave no token: ${why}.` })
  // a server that is ill is no refusal
  if (status >= 500) throw unreachable(credentials, `it answered HTTP ${status}`)
  if (status !== 200) throw refused(`HTTP ${status}`)
  const { access_token: token, expires_in: seconds } = objectIn(text)
  if (typeof token !== 'string') throw refused('the answer has no access_token')
  const lifetime = Number(seconds) > 0 ? Number(seconds) * 1000 : 0
  return { text: token, until: performance.now() + lifetime * fresh }
}

/** (Not `fetch`: Node's takes no CA.) */
async function post(credentials: ClientCredentials): Promise<{ readonly status: number; readonly text: string }> {
  const { url, id, secret, scope, ca } = credentials
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
  const secure = url.startsWith('https:')
  try {
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      signal: AbortSignal.timeout(patience),
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...(ca === undefined ? {} : { ca }),
    })
    request.end(form.toString())
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject)
    })
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
  } catch (cause) {
    const code = String((cause as { code?: unknown }).code ?? '')
    if (/CERT|SIGNATURE|SELF_SIGNED|^ERR_TLS|^UNABLE_TO|^ERR_OSSL/.test(code))
      throw kafkaError('KAFKA_TLS', {
        message: `The TLS handshake with the ${endpoint(credentials)} failed: ${code}.`,
        hint: 'Set ssl.truststore.location (PEM) among the options of properties.sasl.jaas.config to the authority that signed its certificate.',
        cause,
      })
    throw unreachable(credentials, code === '' || code === 'ABORT_ERR' ? 'no answer in time' : code, cause)
  }
}

const endpoint = ({ url }: ClientCredentials) => `token endpoint ${new URL(url).host}`

function unreachable(credentials: ClientCredentials, why: string, cause?: unknown) {
  return kafkaError('KAFKA_UNREACHABLE', {
    message: `The ${endpoint(credentials)} cannot be reached: ${why}.`,
    hint: 'Check `properties.sasl.oauthbearer.token.endpoint.url`. It is tried again.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function objectIn(text: string): { readonly access_token?: unknown; readonly expires_in?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {}
  } catch {
    return {}
  }
}

/** An unsigned token (`alg: none`), which a broker takes only when it was set up for tests. */
export function unsecuredToken(subject: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 3600 })}.`
}
