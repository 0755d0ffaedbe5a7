import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const pages = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
})
  .toString()
  .split('\0')
  .filter((file) => file !== '' && existsSync(resolve(root, file)))

/** Targets of links that lead to files of the repository, less what comes after `#`. */
function links(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!.split('#')[0]!)
    .filter((target) => target !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(target))
}

test.each(pages)('every link of %s leads somewhere', (page) => {
  const lost = links(readFileSync(resolve(root, page), 'utf8')).filter(
    (target) => !existsSync(resolve(root, dirname(page), decodeURI(target))),
  )
  expect(lost).toEqual([])
})

test('a link is found, and what looks like one in code is not', () => {
  expect(links('[a](b.md#c) `[d](e.md)` [f](https://g) [h](#i)\n```\n[j](k.md)\n```')).toEqual(['b.md'])
})
