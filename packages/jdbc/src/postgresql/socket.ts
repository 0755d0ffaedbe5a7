import { createConnection, type Socket } from 'node:net'
import { error } from '../errors.ts'
import type { Host } from '../url.ts'
import type { TlsMode, TlsSettings } from './settings.ts'
import { upgrade } from './tls.ts'

/** A connected socket, encrypted or not. `refused`: the server said that it speaks no TLS. */
export interface Opened {
  readonly socket: Socket
  readonly encrypted: boolean
}

/**
 * Connects and, unless `mode` is `disable`, asks for TLS. With `prefer` a server without TLS is used in the clear;
 * other modes throw TLS_REFUSED. Throws TARGET_UNREACHABLE.
 */
export async function openSocket(
  { host, port }: Host,
  mode: TlsMode,
  tls: TlsSettings,
  signal: AbortSignal,
): Promise<Opened> {
  const socket = await connectTcp(host, port, signal)
  if (mode === 'disable') return { socket, encrypted: false }
  try {
    if (tls.negotiation !== 'direct' && !(await serverSpeaksTls(socket, signal))) {
      if (mode === 'prefer') return { socket, encrypted: false }
      throw error('TLS_REFUSED', {
        message: `The server ${host}:${port} speaks no TLS, and sslmode=${mode} asks for it.`,
        where: { option: 'url' },
      })
    }
    const secure = await within(signal, socket, upgrade(socket, host, mode, tls))
    return { socket: secure, encrypted: true }
  } catch (cause) {
    socket.destroy()
    throw cause
  }
}

function connectTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })
    const fail = (cause: unknown) => {
      socket.destroy()
      reject(unreachable(host, port, cause))
    }
    const abort = () => fail(new Error('timed out'))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort)
      socket.removeListener('error', fail)
      resolve(socket)
    })
  })
}

/** SSLRequest: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL */
async function serverSpeaksTls(socket: Socket, signal: AbortSignal): Promise<boolean> {
  const request = Buffer.alloc(8)
  request.writeInt32BE(8, 0)
  request.writeInt32BE(80877103, 4)
  socket.write(request)
  const answer = await within(
    signal,
    socket,
    new Promise<Buffer>((resolve, reject) => {
      socket.once('data', resolve)
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed after SSLRequest')))
    }),
  ).catch((cause: unknown) => {
    throw unreachable(socket.remoteAddress ?? 'the server', socket.remotePort ?? 0, cause)
  })
  socket.removeAllListeners('error').removeAllListeners('close')
  // anything after the one byte was not encrypted and may be an attacker's (CVE-2021-23222)
  if (answer.length !== 1 || (answer[0] !== 0x53 && answer[0] !== 0x4e))
    throw error('TLS_REFUSED', {
      message: 'The server answered the request for TLS with something that is no answer to it.',
    })
  return answer[0] === 0x53
}

function within<T>(signal: AbortSignal, socket: Socket, work: Promise<T>): Promise<T> {
  const abort = () => socket.destroy(new Error('timed out'))
  signal.addEventListener('abort', abort, { once: true })
  return work.finally(() => signal.removeEventListener('abort', abort))
}

function unreachable(host: string, port: number, cause: unknown) {
  const code = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
  return error('TARGET_UNREACHABLE', {
    message: `The target ${host}:${port} cannot be reached: ${code}.`,
    where: { option: 'url' },
    cause,
  })
}
