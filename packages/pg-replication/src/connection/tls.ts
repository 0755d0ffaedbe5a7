import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import * as tls from 'node:tls'
import type { CdcError } from '@cdc/core'
import { pgError } from '../errors.ts'
import type { ConnectionOptions, SslMode, SslOptions } from './options.ts'

/** One try of libpq's: with TLS, or in the clear. */
export type Attempt = 'tls' | 'plain'

/** What sslmode means for the order of tries, and for what is checked. */
export interface TlsPlan {
  readonly mode: SslMode
  readonly attempts: readonly Attempt[]
  /** Go on in the clear on the same connection when the server has no TLS. */
  readonly plainAllowed: boolean
  /** undefined: TLS is never tried. */
  readonly context: tls.ConnectionOptions | undefined
}

const attempts: Readonly<Record<SslMode, readonly Attempt[]>> = {
  disable: ['plain'],
  allow: ['plain', 'tls'],
  prefer: ['tls', 'plain'],
  require: ['tls'],
  'verify-ca': ['tls'],
  'verify-full': ['tls'],
}

/** Is it this machine? Then nobody can listen in, and sslmode defaults to `prefer`. */
export function isLoopback(host: string): boolean {
  return isSocketPath(host) || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** The folder of a Unix socket, as libpq has it. */
export function isSocketPath(host: string): boolean {
  return host.startsWith('/')
}

/** Reads the files and says what to try. Throws TLS_FILE and TLS_OPTIONS. */
export function tlsPlan({ host, ssl = {} }: Pick<ConnectionOptions, 'host' | 'ssl'>): TlsPlan {
  const mode = ssl.mode ?? (isLoopback(host) ? 'prefer' : 'verify-full')
  // libpq: TLS is not tried over a Unix socket, whatever sslmode says
  if (mode === 'disable' || isSocketPath(host)) {
    return { mode, attempts: ['plain'], plainAllowed: true, context: undefined }
  }
  return { mode, attempts: attempts[mode], plainAllowed: attempts[mode].length > 1, context: context(host, mode, ssl) }
}

function context(host: string, mode: SslMode, ssl: SslOptions): tls.ConnectionOptions {
  checkRoot(mode, ssl)
  const checksChain = ssl.rootCert !== undefined || mode === 'verify-full'
  return {
    // no name for addresses: RFC 6066 section 3
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: checksChain,
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? tls.checkServerIdentity(host, certificate) : undefined,
    ...authorities(ssl),
    ...clientCertificate(ssl),
  }
}

function checkRoot(mode: SslMode, { rootCert }: SslOptions): void {
  if (mode === 'verify-ca' && rootCert === undefined) {
    throw pgError('TLS_OPTIONS', {
      message: "sslmode 'verify-ca' needs sslrootcert, the certificate of the authority to trust.",
      hint: "Set sslrootcert, or sslmode 'verify-full', which may trust the public authorities since it checks the host name too.",
      where: { option: 'sslrootcert' },
    })
  }
  if (rootCert === 'system' && mode !== 'verify-full') {
    throw pgError('TLS_OPTIONS', {
      message: `sslrootcert 'system' trusts every public authority, so it needs sslmode 'verify-full' and not '${mode}'.`,
      hint: "Set sslmode to 'verify-full', or sslrootcert to a file.",
      where: { option: 'sslmode' },
    })
  }
}

function authorities({ rootCert }: SslOptions): tls.ConnectionOptions {
  if (rootCert === undefined) return {}
  if (rootCert === 'system') return { ca: [...tls.rootCertificates, ...systemCertificates()] }
  const ca = file(rootCert, 'sslrootcert')
  parsed(rootCert, 'sslrootcert', () => {
    // OpenSSL takes a file without any certificate in silence, and then trusts nobody
    if (!/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(ca.toString('latin1')))
      throw new Error('there is no PEM certificate in it')
    tls.createSecureContext({ ca })
  })
  return { ca }
}

/** Node knows the machine's own store since 22.15. */
function systemCertificates(): readonly string[] {
  return typeof tls.getCACertificates === 'function' ? tls.getCACertificates('system') : []
}

function clientCertificate({ cert, key, keyPassword }: SslOptions): tls.ConnectionOptions {
  if (cert === undefined && key === undefined) return {}
  if (cert === undefined || key === undefined) {
    const [given, missing] = cert === undefined ? ['sslkey', 'sslcert'] : ['sslcert', 'sslkey']
    throw pgError('TLS_OPTIONS', {
      message: `${given} is given without ${missing}.`,
      hint: 'Give both, or neither.',
      where: { option: missing },
    })
  }
  const passphrase = keyPassword === undefined ? {} : { passphrase: keyPassword }
  const pair = { cert: file(cert, 'sslcert'), key: file(key, 'sslkey'), ...passphrase }
  parsed(cert, 'sslcert', () => tls.createSecureContext({ cert: pair.cert }))
  parsed(key, 'sslkey', () => createPrivateKey({ key: pair.key, format: 'pem', ...passphrase }))
  parsed(key, 'sslkey', () => tls.createSecureContext(pair))
  return pair
}

function file(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw unusable(path, option, cause)
  }
}

function parsed(path: string, option: string, parse: () => unknown): void {
  try {
    parse()
  } catch (cause) {
    throw unusable(path, option, cause)
  }
}

const keyPasswordCodes = new Set([
  'ERR_MISSING_PASSPHRASE',
  'ERR_OSSL_BAD_DECRYPT',
  'ERR_OSSL_EVP_BAD_DECRYPT',
  'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED',
  'ERR_OSSL_PKCS12_CIPHERFINAL_ERROR',
])

function unusable(path: string, option: string, cause: unknown): CdcError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const locked = option === 'sslkey' && keyPasswordCodes.has(code)
  return pgError('TLS_FILE', {
    message: `The file '${path}' of ${option} cannot be used: ${cause instanceof Error ? cause.message : cause}.`,
    ...(locked ? { hint: 'The key is encrypted: give its password as sslpassword, or check it.' } : {}),
    where: { option: locked ? 'sslpassword' : option, file: path },
    cause,
  })
}
