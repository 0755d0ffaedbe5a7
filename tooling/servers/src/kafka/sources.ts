import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where Maven Central is reached, without a slash at the end: `MAVEN_BASE`, else the mirror of `central` in Maven's
 * own settings (`~/.m2/settings.xml`), else Maven Central itself.
 */
export function mavenBase(): string {
  const named = process.env.MAVEN_BASE || mirrorIn(readText(join(homedir(), '.m2', 'settings.xml')))
  return trim(named ?? 'https://repo1.maven.org/maven2')
}

/** The index of Python packages: `PIP_INDEX_URL`, else pip's own configuration, else PyPI. */
export function pythonIndex(): string {
  const named = process.env.PIP_INDEX_URL || pipFiles().map(readText).map(indexIn).find(Boolean)
  return trim(named ?? 'https://pypi.org/simple')
}

/** The first mirror that stands for Maven Central. */
export function mirrorIn(settings: string): string | undefined {
  const text = settings.replace(/<!--[\s\S]*?-->/g, '')
  for (const [mirror] of text.matchAll(/<mirror>[\s\S]*?<\/mirror>/g)) {
    const element = (name: string) => new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(mirror)?.[1]
    const names = element('mirrorOf')?.split(',') ?? []
    if (names.some((name) => ['*', 'central', 'external:*'].includes(name.trim()))) return element('url')
  }
  return undefined
}

/** `index-url` of a pip configuration file. */
export function indexIn(configuration: string): string | undefined {
  return /^\s*index[-_]url\s*[=:]\s*(\S+)\s*$/m.exec(configuration)?.[1]
}

function pipFiles(): string[] {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config')
  const own = [join(config, 'pip', 'pip.conf'), join(homedir(), '.pip', 'pip.conf'), '/etc/pip.conf']
  return process.env.PIP_CONFIG_FILE ? [process.env.PIP_CONFIG_FILE, ...own] : own
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function trim(url: string): string {
  return url.replace(/\/+$/, '')
}
