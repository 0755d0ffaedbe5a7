/** How a registry is reached, and what is done there. */
export interface RegistrySettings {
  /** One or more, without user info; tried in this order. */
  readonly urls: readonly URL[]
  readonly authorization: string | undefined
  readonly tls: TlsFiles
  readonly headers: Readonly<Record<string, string>>
  readonly register: boolean
  readonly latest: boolean
  readonly normalize: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly retries: number
  readonly wait: number
  readonly maxWait: number
}

/** Paths of files in PEM, or PKCS#12 for the key store. */
export interface TlsFiles {
  readonly truststore: string | undefined
  readonly keystore: string | undefined
  readonly keystorePassword: string | undefined
  readonly key: string | undefined
  readonly keyPassword: string | undefined
  readonly verifyHost: boolean
}
