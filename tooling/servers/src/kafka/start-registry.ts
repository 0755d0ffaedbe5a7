import { join } from 'node:path'
import { makeServerFolder } from '../data-directory.ts'
import { clearServerFolder } from '../leftovers.ts'
import { freePort } from '../postmaster.ts'
import { unwatch, watch } from '../watch.ts'
import { registryApp } from './archives.ts'
import { javaRuntime } from './java.ts'
import { JavaProcess } from './java-process.ts'

export interface RegistryOptions {
  /** HTTP basic authentication for everything. */
  readonly user?: { readonly name: string; readonly password: string }
  /** The default of all subjects. Confluent's own default is BACKWARD, and it is ours. */
  readonly compatibility?: string
}

/** A schema registry with Confluent's REST API. */
export interface Registry {
  /** The base URL of the API: `/subjects` comes after it. */
  readonly url: string
}

/** A registry that this process started. */
export class RegistryServer implements Registry, AsyncDisposable {
  readonly url: string
  readonly #folder: string
  readonly #launch: () => Promise<JavaProcess>
  #process: JavaProcess

  constructor(url: string, folder: string, process: JavaProcess, launch: () => Promise<JavaProcess>) {
    this.url = url
    this.#folder = folder
    this.#process = process
    this.#launch = launch
  }

  /** Stops it; its schemas are in memory and go with it. `start` brings an empty one back on the same port. */
  halt(): Promise<void> {
    return this.#process.stop('SIGKILL')
  }

  async start(): Promise<void> {
    this.#process = await this.#launch()
  }

  /** SIGSTOP freezes it, SIGCONT lets it go on. */
  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal)
  }

  log(): string {
    return this.#process.log()
  }

  async stop(): Promise<void> {
    try {
      await this.#process.stop('SIGKILL')
    } finally {
      await clearServerFolder(this.#folder)
      await unwatch(this.#folder)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** Starts Apicurio Registry with its data in memory on a free port of 127.0.0.1. Ready in 2 to 5 s. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryServer> {
  const [app, { java }] = await Promise.all([registryApp(), javaRuntime(21)])
  const folder = makeServerFolder()
  await watch(folder)
  try {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
    const args = [...settings(port, await freePort(), options), '-jar', join(app, 'quarkus-run.jar')]
    const launch = async () => {
      const started = await JavaProcess.start({ java, name: 'Apicurio Registry', folder, args }, () =>
        answers(`${url}/subjects`),
      )
      await setCompatibility(url, options)
      return started
    }
    return new RegistryServer(url, folder, await launch(), launch)
  } catch (error) {
    await clearServerFolder(folder)
    await unwatch(folder)
    throw error
  }
}

function settings(port: number, managementPort: number, { user }: RegistryOptions): string[] {
  const users = 'quarkus.security.users.embedded'
  const basic: Record<string, string> =
    user === undefined
      ? {}
      : {
          'quarkus.http.auth.basic': 'true',
          [`${users}.plain-text`]: 'true',
          [`${users}.users.${user.name}`]: user.password,
          [`${users}.roles.${user.name}`]: 'sr-admin',
          'quarkus.http.auth.permission.all.paths': '/apis/*',
          'quarkus.http.auth.permission.all.policy': 'authenticated',
        }
  const properties: Record<string, string> = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(port),
    'quarkus.management.host': '127.0.0.1',
    'quarkus.management.port': String(managementPort),
    'apicurio.datasource.jdbc.initial-size': '2',
    'apicurio.datasource.jdbc.min-size': '2',
    'apicurio.datasource.jdbc.max-size': '10',
    ...basic,
  }
  const memory = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  return [...memory, ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)]
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  return response.ok || response.status === 401
}

async function setCompatibility(url: string, { user, compatibility = 'BACKWARD' }: RegistryOptions): Promise<void> {
  const basic = user && `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
  const response = await fetch(`${url}/config`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/vnd.schemaregistry.v1+json',
      ...(basic === undefined ? {} : { authorization: basic }),
    },
    body: JSON.stringify({ compatibility }),
  })
  if (!response.ok) throw new Error(`The registry did not take its compatibility: HTTP ${response.status}`)
}
