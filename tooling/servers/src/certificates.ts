import 'reflect-metadata'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

/** Paths of a certificate and its key, both PEM (PKCS#8). */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Paths of PEM files in a temporary folder. */
export interface Certificates extends AsyncDisposable {
  /** Root that signed all below but `stranger`. */
  readonly ca: string
  /** A root that signed none of them. */
  readonly otherCa: string
  /** For 127.0.0.1, ::1 and localhost. */
  readonly server: KeyPair
  /** By the right root, for db.example.com only. */
  readonly wrongHost: KeyPair
  /** As `server`, but it ran out yesterday. */
  readonly expired: KeyPair
  /** Common name: the user. `encryptedKey` is the same key under `keyPassword`. */
  readonly client: KeyPair & { readonly encryptedKey: string; readonly keyPassword: string }
  /** As `client`, signed by `otherCa`. */
  readonly stranger: KeyPair
  readonly folder: string
  remove(): void
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 60 * 60 * 1000

/** Makes a small public key infrastructure. `user` is the common name of the client's certificate. */
export async function makeCertificates(user = 'postgres'): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), 'cdc-certificates-'))
  const [ca, other] = await Promise.all([Authority.make('cdc test root'), Authority.make('another root')])
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const pair = (name: string, { cert, key }: KeyPair) => ({
    cert: write(`${name}.crt`, cert),
    key: write(`${name}.key`, key),
  })
  const local = [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ] as const
  const client = await ca.issue(user)
  const keyPassword = "it's a pass phrase"
  const encryptedKey = createPrivateKey(client.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: keyPassword,
  })
  const remove = () => rmSync(folder, { recursive: true, force: true })
  return {
    folder,
    ca: write('ca.crt', ca.pem),
    otherCa: write('other-ca.crt', other.pem),
    server: pair('server', await ca.issue('localhost', { names: local })),
    wrongHost: pair(
      'wrong-host',
      await ca.issue('db.example.com', { names: [{ type: 'dns', value: 'db.example.com' }] }),
    ),
    expired: pair('expired', await ca.issue('localhost', { names: local, until: Date.now() - day })),
    client: {
      ...pair('client', client),
      encryptedKey: write('client.encrypted.key', String(encryptedKey)),
      keyPassword,
    },
    stranger: pair('stranger', await other.issue(user)),
    remove,
    [Symbol.asyncDispose]: async () => remove(),
  }
}

/** A root certificate with its key, which it keeps to itself. */
class Authority {
  readonly pem: string
  readonly #certificate: x509.X509Certificate
  readonly #keys: CryptoKeyPair

  private constructor(certificate: x509.X509Certificate, keys: CryptoKeyPair) {
    this.#certificate = certificate
    this.#keys = keys
    this.pem = certificate.toString('pem')
  }

  static async make(name: string): Promise<Authority> {
    const keys = await generateKeys()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - 2 * day),
      notAfter: new Date(Date.now() + 3650 * day),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new Authority(certificate, keys)
  }

  /** PEM texts of a certificate and its key. Without names it is a client's. */
  async issue(
    name: string,
    { names, until = Date.now() + 365 * day }: { names?: readonly x509.JsonGeneralName[]; until?: number } = {},
  ): Promise<KeyPair> {
    const keys = await generateKeys()
    const usage = names === undefined ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: `CN=${name}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(Math.min(Date.now(), until) - day),
      notAfter: new Date(until),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...(names === undefined ? [] : [new x509.SubjectAlternativeNameExtension([...names])]),
      ],
    })
    const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' })
    return { cert: certificate.toString('pem'), key: String(key) }
  }
}

type CryptoKeyPair = Awaited<ReturnType<typeof generateKeys>>

async function generateKeys() {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** Positive, as X.509 wants it. */
function serial(): string {
  return `01${randomBytes(8).toString('hex')}`
}
