import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { javaFolder } from './archives.ts'

export interface JavaRuntime {
  /** Path of `java`. */
  readonly java: string
  /** Major version. */
  readonly version: number
}

const run = promisify(execFile)
const found = new Map<number, Promise<JavaRuntime>>()

/**
 * A Java of at least this version: that of `JAVA_HOME`, that on the PATH, else one that is downloaded once (35 MB).
 * Kafka needs 17, the registry 21.
 */
export function javaRuntime(atLeast: number): Promise<JavaRuntime> {
  let runtime = found.get(atLeast)
  if (runtime === undefined) {
    runtime = findJava(atLeast)
    found.set(atLeast, runtime)
  }
  return runtime
}

async function findJava(atLeast: number): Promise<JavaRuntime> {
  const home = process.env.JAVA_HOME
  for (const java of [...(home ? [join(home, 'bin', 'java')] : []), 'java']) {
    const version = await versionOf(java)
    if (version !== undefined && version >= atLeast) return { java, version }
  }
  const folder = await javaFolder()
  const java = join(folder, 'bin', process.platform === 'win32' ? 'java.exe' : 'java')
  if (!existsSync(java)) throw new Error(`There is no ${java}: remove ${folder}, and it is downloaded again.`)
  const version = await versionOf(java)
  if (version === undefined)
    throw new Error(`${java} does not run on this machine. Install Java ${atLeast} or later and set JAVA_HOME.`)
  return { java, version }
}

/** `openjdk version "17.0.15" 2025-04-15`, on standard error. */
async function versionOf(java: string): Promise<number | undefined> {
  try {
    const { stderr } = await run(java, ['-version'])
    const major = /version "(\d+)/.exec(stderr)?.[1]
    return major === undefined ? undefined : Number(major)
  } catch {
    return undefined
  }
}
