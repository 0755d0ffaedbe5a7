import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The packages that a changeset names, from its front matter. */
function named(text: string): string[] {
  const front = /^---\n(.*?)^---$/ms.exec(text)?.[1] ?? ''
  return [...front.matchAll(/^["'](.+)["']: (?:major|minor|patch)$/gm)].map((match) => match[1]!)
}

it('has changesets that name publishable packages only', () => {
  const manifests = globSync('{packages,apps}/*/package.json', { cwd: root }).map(
    (file) => JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string; private?: boolean },
  )
  const publishable = new Set(manifests.filter((one) => one.private !== true).map((one) => one.name))
  for (const file of globSync('.changeset/*.md', { cwd: root })) {
    const names = named(readFileSync(join(root, file), 'utf8'))
    expect(names, file).not.toEqual([])
    expect(
      names.filter((name) => !publishable.has(name)),
      file,
    ).toEqual([])
  }
})
