import { CdcError } from '@cdc/core'
import { kafkaError } from '../errors.ts'
import { protocolError } from './protocol-codes.ts'

/** What of an error tree of a client is looked at: codes, never texts. */
interface ClientError {
  readonly apiCode?: unknown
  readonly code?: unknown
  /** kafkajs: the name of the protocol's code, which is then a number. */
  readonly type?: unknown
  readonly name?: unknown
  readonly reason?: unknown
  readonly errors?: unknown
  readonly cause?: unknown
  readonly serverErrorMessage?: unknown
  readonly originalError?: unknown
}

/** All errors below one, itself first. */
function* tree(error: unknown, depth = 0): Generator<ClientError> {
  if (typeof error !== 'object' || error === null || depth > 8) return
  const one = error as ClientError
  yield one
  if (Array.isArray(one.errors)) for (const inner of one.errors) yield* tree(inner, depth + 1)
  yield* tree(one.cause, depth + 1)
  yield* tree(one.originalError, depth + 1)
}

/** OpenSSL's and Node's codes of a peer that does not speak TLS at all. */
const notTls = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'])

/**
 * The coded error of a connection that could not be made or was lost while `what` was being done. Told by the codes of
 * the protocol, of Node and of OpenSSL.
 */
export function connectionError(cause: unknown, what: string, address?: string): CdcError {
  const errors = [...tree(cause)]
  const known = errors.find((one) => CdcError.is(one))
  if (known !== undefined) return known as unknown as CdcError
  const at = address === undefined ? '' : ` at ${address}`
  for (const { apiCode, code, type } of errors) {
    const number = apiCode ?? (typeof type === 'string' ? code : undefined)
    if (typeof number === 'number' && number > 0) return protocolError(number, `${what}${at}`, { cause })
  }
  const codes = errors.map(({ code }) => code).filter((code) => typeof code === 'string')
  const plain = codes.find((code) => notTls.has(code))
  if (plain !== undefined)
    return kafkaError('KAFKA_PROTOCOL', { message: `The broker${at} does not speak TLS (${plain}).`, cause })
  const tls = codes.find((code) => /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_OSSL)/.test(code))
  if (tls !== undefined)
    return kafkaError('KAFKA_TLS', { message: `The TLS handshake with the broker${at} failed: ${tls}.`, cause })
  if (codes.includes('PLT_KFK_AUTHENTICATION') || errors.some(({ name }) => name === 'KafkaJSSASLAuthenticationError'))
    return kafkaError('KAFKA_AUTHENTICATION', { message: `The broker${at} refused the credentials.`, cause })
  const why = codes.find((code) => /^E[A-Z]+/.test(code)) ?? 'the connection was closed'
  return kafkaError('KAFKA_UNREACHABLE', { message: `Could not ${what}${at}: ${why}.`, cause })
}
