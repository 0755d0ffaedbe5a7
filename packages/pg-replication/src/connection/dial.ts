import * as net from 'node:net'
import * as tls from 'node:tls'
import type { CdcError } from '@cdc/core'
import { pgError } from '../errors.ts'
import { localError, postgresError } from '../postgres-error.ts'
import { codeOfTls } from '../sqlstate.ts'
import { DirectInput } from './direct-input.ts'
import type { ConnectionOptions } from './options.ts'
import { type Attempt, isSocketPath, type TlsPlan } from './tls.ts'

/** A socket with its TLS already negotiated: ready for the start-up message. */
export interface Dialled {
  readonly socket: net.Socket
  readonly encrypted: boolean
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** `onSocket` hears of each socket when it is made, so that a deadline can destroy it. */
export async function dial(
  options: ConnectionOptions,
  plan: TlsPlan,
  attempt: Attempt,
  onSocket: (socket: net.Socket) => void,
): Promise<Dialled> {
  const socket = await reach(options, attempt, onSocket)
  if (attempt === 'plain') return { socket, encrypted: false }
  const answer = await askForTls(socket, options)
  if (answer === 'S') return { socket: await handshake(socket, options, plan, onSocket), encrypted: true }
  if (plan.plainAllowed && answer === 'N') return { socket, encrypted: false }
  socket.destroy()
  throw noTls(options, plan)
}

/** All addresses of a name are tried, those of both families. */
function reach(
  options: ConnectionOptions,
  attempt: Attempt,
  onSocket: (socket: net.Socket) => void,
): Promise<net.Socket> {
  const { host, port, keepAlive = 10_000 } = options
  const target = isSocketPath(host)
    ? { path: `${host}/.s.PGSQL.${port}` }
    : // the default of 250 ms is too short for a far server that has two families of addresses
      { host, port, autoSelectFamilyAttemptTimeout: 3000 }
  // under TLS the socket's bytes are not ours to read
  const input = attempt === 'plain' ? new DirectInput() : undefined
  const socket = net.connect({
    ...target,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAlive,
    ...(input === undefined ? {} : { onread: input.onread }),
  })
  input?.serve(socket)
  onSocket(socket)
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(postgresError(error, `connecting to ${describeHost(options)}`))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

function askForTls(socket: net.Socket, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      act()
    }
    const refuse = (error: CdcError) => {
      socket.destroy()
      settle(() => reject(error))
    }
    const onData = (data: Buffer) => {
      socket.pause()
      // CVE-2021-23222: what came with the answer did not come from the other end of the TLS connection
      if (data.length > 1 && data[0] === 0x53) refuse(injected(options))
      else settle(() => resolve(data.toString('latin1', 0, 1)))
    }
    const onError = (error: Error) => refuse(postgresError(error, `asking ${describeHost(options)} for TLS`))
    const onClose = () => refuse(closedEarly(options))
    socket.on('data', onData).on('error', onError).on('close', onClose)
    socket.write(sslRequest)
  })
}

function handshake(
  socket: net.Socket,
  options: ConnectionOptions,
  plan: TlsPlan,
  onSocket: (socket: net.Socket) => void,
): Promise<tls.TLSSocket> {
  if (socket.readableLength > 0) {
    socket.destroy()
    throw injected(options)
  }
  const secure = tls.connect({ ...plan.context, socket })
  onSocket(secure)
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      secure.destroy()
      socket.destroy()
      reject(tlsError(error, options, plan))
    }
    const onClose = () => fail(closedEarly(options))
    secure.once('error', fail)
    secure.once('close', onClose)
    secure.once('secureConnect', () => {
      secure.off('error', fail)
      secure.off('close', onClose)
      resolve(secure)
    })
  })
}

/** A failed handshake, with the option that answers it. Also what a server says about our certificate later on. */
export function tlsError(error: Error, options: ConnectionOptions, plan: TlsPlan): CdcError {
  const code = 'code' in error && typeof error.code === 'string' ? codeOfTls(error.code) : undefined
  const doing = `the TLS handshake with ${describeHost(options)} (sslmode '${plan.mode}'${defaulted(options)})`
  if (code === undefined) return localError('TLS_FAILED', error, doing)
  const hint = code === 'TLS_UNTRUSTED' ? untrustedHint(options, plan) : undefined
  const option = code === 'TLS_CLIENT_REFUSED' ? 'sslcert' : code === 'TLS_UNTRUSTED' ? 'sslrootcert' : 'sslmode'
  return localError(code, error, doing, { option }, hint)
}

function untrustedHint({ ssl }: ConnectionOptions, { mode }: TlsPlan): string | undefined {
  if (ssl?.rootCert === undefined || mode !== 'require') return undefined
  return "sslmode 'require' with sslrootcert checks the authority, as libpq does. Give the right file, or leave sslrootcert out to check nothing."
}

function noTls(options: ConnectionOptions, plan: TlsPlan): CdcError {
  return pgError('TLS_UNSUPPORTED', {
    message: `${describeHost(options)} has no TLS, which sslmode '${plan.mode}'${defaulted(options)} asks for.`,
    where: { option: 'sslmode' },
  })
}

function injected(options: ConnectionOptions): CdcError {
  return pgError('TLS_INJECTED', {
    message: `${describeHost(options)}: bytes came in the clear between the answer to the request for TLS and the handshake.`,
  })
}

function closedEarly(options: ConnectionOptions): CdcError {
  return pgError('CONNECTION_LOST', {
    message: `${describeHost(options)} closed the connection while TLS was negotiated.`,
  })
}

function defaulted({ ssl }: ConnectionOptions): string {
  return ssl?.mode === undefined ? ', the default for hosts that are not this machine' : ''
}

/** For messages. */
export function describeHost({ host, port }: Pick<ConnectionOptions, 'host' | 'port'>): string {
  return net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
