import { Buffer } from 'node:buffer'
import { kafkaError } from '../errors.ts'

export interface ClientCredentials {
  readonly url: string
  readonly id: string
  readonly secret: string
  readonly scope: string | undefined
}

/** A token by the client credentials grant (RFC 6749, 4.4), as Java's `OAuthBearerLoginCallbackHandler` asks for it. */
export async function clientCredentials({ url, id, secret, scope }: ClientCredentials): Promise<string> {
  const basic = Buffer.from(`${id}:${secret}`).toString('base64')
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, accept: 'application/json' },
      body: form,
      signal: AbortSignal.timeout(10_000),
    })
  } catch (cause) {
    throw kafkaError('KAFKA_UNREACHABLE', {
      message: `The token endpoint ${new URL(url).host} cannot be reached.`,
      cause,
    })
  }
  const refused = (why: string) =>
    kafkaError('KAFKA_AUTHENTICATION', { message: `The token endpoint ${new URL(url).host} gave no token: ${why}.` })
  if (!response.ok) throw refused(`HTTP ${response.status}`)
  const { access_token: token } = (await response.json().catch(() => ({}))) as { access_token?: unknown }
  if (typeof token !== 'string') throw refused('the answer has no access_token')
  return token
}

/** An unsigned token (`alg: none`), which a broker takes only when it was set up for tests. */
export function unsecuredToken(subject: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 3600 })}.`
}
