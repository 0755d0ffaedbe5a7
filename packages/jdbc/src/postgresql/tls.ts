import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { codeOfTls } from '@cdc/pg-replication'
import { error } from '../errors.ts'
import type { TlsMode, TlsSettings } from './settings.ts'

/** The mode in force: `prefer` on loopback, `verify-full` elsewhere, where none is set. */
export function tlsMode(tls: TlsSettings, host: string): TlsMode {
  return tls.mode ?? (isLoopback(host) ? 'prefer' : 'verify-full')
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/**
 * Does TLS over a connected socket with libpq's meaning of the mode: `require` checks the authority only where a
 * root certificate is named, `verify-ca` the authority and not the name, `verify-full` both. `pg`'s own modes differ.
 */
export async function upgrade(socket: Socket, host: string, mode: TlsMode, tls: TlsSettings): Promise<TLSSocket> {
  const verify = mode === 'verify-full' || mode === 'verify-ca' || (mode === 'require' && tls.rootCert !== undefined)
  const options: ConnectionOptions = {
    ...(await credentials(tls)),
    socket,
    host,
    rejectUnauthorized: verify,
    // SNI is for names only: RFC 6066, section 3
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    ...(tls.negotiation === 'direct' ? { ALPNProtocols: ['postgresql'] } : {}),
  }
  return new Promise((resolve, reject) => {
    const secure = connectTls(options)
    secure.once('error', (cause) => reject(handshakeFailure(cause, host, mode)))
    secure.once('close', () => reject(handshakeFailure(new Error('closed during the TLS handshake'), host, mode)))
    secure.once('secureConnect', () => {
      secure.removeAllListeners('error').removeAllListeners('close')
      resolve(secure)
    })
  })
}

/** A certificate that is not trusted needs a person; a connection that broke off meanwhile does not. */
function handshakeFailure(cause: Error, host: string, mode: TlsMode) {
  const code = (cause as NodeJS.ErrnoException).code
  const broken = code === undefined || (codeOfTls(code) ?? 'TLS_FAILED') === 'TLS_FAILED'
  return error(broken ? 'TLS_FAILED' : 'TLS_UNTRUSTED', {
    message: `TLS with ${host} failed under sslmode=${mode} (${code ?? cause.message}).`,
    where: { option: 'url' },
    cause,
  })
}

async function credentials(tls: TlsSettings): Promise<ConnectionOptions> {
  const options: ConnectionOptions = {}
  if (tls.rootCert !== undefined && tls.rootCert !== 'system') options.ca = await read(tls.rootCert, 'sslrootcert')
  if (tls.cert !== undefined) options.cert = await read(tls.cert, 'sslcert')
  if (tls.key !== undefined) options.key = await privateKey(await read(tls.key, 'sslkey'), tls)
  return options
}

async function privateKey(file: Buffer, tls: TlsSettings): Promise<string | Buffer> {
  const passphrase = tls.keyPassword
  try {
    // the Java driver's keys are PKCS-8 in DER
    const form = file.includes('-----BEGIN')
      ? { format: 'pem' as const }
      : { format: 'der' as const, type: 'pkcs8' as const }
    const key = createPrivateKey({ key: file, ...form, ...(passphrase === undefined ? {} : { passphrase }) })
    return key.export({ format: 'pem', type: 'pkcs8' })
  } catch (cause) {
    throw error('TLS_FILE', { message: `The key ${tls.key} (sslkey) cannot be used: is its password right?`, cause })
  }
}

async function read(path: string, parameter: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw error('TLS_FILE', {
      message: `The file ${path} (${parameter}) cannot be read${code === undefined ? '' : `: ${code}`}.`,
      cause,
    })
  }
}
