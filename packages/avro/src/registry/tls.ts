import { readFile } from 'node:fs/promises'
import type { SecureContextOptions } from 'node:tls'
import { error } from '../errors.ts'
import type { TlsFiles } from './settings.ts'

export interface TlsOptions extends SecureContextOptions {
  checkServerIdentity?: () => undefined
}

/** Reads the files. Java's own key stores (JKS) are told from others, with the command that turns them into PEM. */
export async function tlsOptions(files: TlsFiles): Promise<TlsOptions> {
  const { truststore, keystore, key } = files
  const options: TlsOptions = {}
  if (truststore !== undefined) options.ca = await pem(truststore, 'ssl.truststore.location')
  if (keystore !== undefined) Object.assign(options, await keyStore(keystore, files))
  if (key !== undefined) options.key = await pem(key, 'ssl.key.location')
  if (files.keyPassword !== undefined) options.passphrase = files.keyPassword
  if (!files.verifyHost) options.checkServerIdentity = () => undefined
  return options
}

const isPem = (bytes: Buffer) => bytes.includes('-----BEGIN ')
/** The first bytes of Java's key stores. */
const isJks = (bytes: Buffer) => bytes.length > 4 && bytes.readUInt32BE(0) === 0xfeedfeed

async function pem(path: string, option: string): Promise<Buffer> {
  const bytes = await read(path, option)
  if (isPem(bytes)) return bytes
  throw error('REGISTRY_TLS', {
    message: `The file of option '${option}' is ${isJks(bytes) ? 'a Java key store (JKS)' : 'not in PEM'}: ${path}.`,
    hint: `Turn it into PEM: keytool -importkeystore -srckeystore ${path} -destkeystore store.p12 -deststoretype pkcs12, then openssl pkcs12 -in store.p12 -nodes -out store.pem (for a trust store with -nokeys).`,
    where: { option, file: path },
  })
}

/** Certificate and key: both in one PEM file, or PKCS#12. */
async function keyStore(path: string, { keystorePassword }: TlsFiles): Promise<TlsOptions> {
  const bytes = await read(path, 'ssl.keystore.location')
  if (isPem(bytes)) return { cert: bytes, key: bytes, ...passphrase(keystorePassword) }
  if (isJks(bytes)) return { cert: await pem(path, 'ssl.keystore.location') }
  return { pfx: bytes, ...passphrase(keystorePassword) }
}

const passphrase = (password: string | undefined) => (password === undefined ? {} : { passphrase: password })

async function read(path: string, option: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw error('REGISTRY_TLS', {
      message: `The file of option '${option}' cannot be read: ${path}.`,
      where: { option, file: path },
      cause,
    })
  }
}
