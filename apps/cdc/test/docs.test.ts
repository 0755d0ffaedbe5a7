import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { metadataKeys } from '@cdc/runtime'
import { expect, test } from 'vitest'
import { documentKeys } from '../src/config/document.ts'
import { limitOptions } from '../src/config/limits.ts'
import { exitCodeTable } from '../src/exit-codes.ts'
import { logLevels } from '../src/logger.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/06-command-line.md'), 'utf8')

test('the page of the command line has the exit codes, the keys and the defaults of the code', () => {
  for (const [exit, meaning] of exitCodeTable) expect(page).toContain(`| ${exit} | ${meaning} |`)
  for (const [key, { text }] of Object.entries(limitOptions.fields))
    expect(page).toContain(`| \`${key}\` | \`${text.default}\` |`)
  for (const key of documentKeys) expect(page).toContain(`\`${key}\``)
  for (const key of metadataKeys) expect(page).toContain(`\`${key}\``)
  expect(page).toContain(`--log-level ${logLevels.join('|')}`)
})
