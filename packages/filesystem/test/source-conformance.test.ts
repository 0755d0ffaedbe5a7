import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Change, type Format, type Origin, silentLogger } from '@cdc/core'
import {
  type EditTransaction,
  isTableEdit,
  Random,
  randomChangelog,
  sampleTypes,
  sourceConformance,
  tableOf,
} from '@cdc/testkit'
import { describe, test } from 'vitest'
import { filesystemSource } from '../src/index.ts'
import { wholeFormat } from './whole-format.ts'

const format = wholeFormat({})
const origin: Origin = {
  transaction: { connector: '', database: '', commitTime: 1n, commit: 1n },
  offset: 0n,
  order: 0,
}

async function linesOf(edits: EditTransaction, encoders: Format): Promise<string> {
  let lines = ''
  for (const edit of edits) {
    if (!isTableEdit(edit) || edit.kind === 'schema') continue
    const encoder = await encoders.encoder(edit.table)
    for (const { value } of encoder.encode({ ...edit, origin } as Exclude<Change, { kind: 'schema' }> as never))
      lines += `${value}\n`
  }
  return lines
}

const encoders = () => format.create({ pipeline: '', logger: silentLogger, report() {}, role: 'value' })

describe('following one file', () => {
  sourceConformance({
    runner: { describe, test },
    emits: 'retract',
    can: { snapshot: false, history: true, transactions: false, loseHistory: true, alter: true },
    types: sampleTypes,
    async fixture() {
      const folder = mkdtempSync(join(tmpdir(), 'cdc-files-'))
      const file = join(folder, 'all.jsonl')
      writeFileSync(file, '')
      return {
        source: filesystemSource({ path: folder, format, 'source.monitor-interval': 5 }),
        commit: async (edits) => appendFileSync(file, await linesOf(edits, encoders())),
        alter: async () => {},
        loseHistory: async () => truncateSync(file, 10),
        dispose: async () => rmSync(folder, { recursive: true }),
      }
    },
  })
})

describe('following many files that are made meanwhile', () => {
  sourceConformance({
    runner: { describe, test },
    emits: 'retract',
    can: { snapshot: false, history: true, transactions: false },
    types: sampleTypes,
    async fixture() {
      const folder = mkdtempSync(join(tmpdir(), 'cdc-files-'))
      let number = 0
      return {
        source: filesystemSource({ path: folder, format, 'source.monitor-interval': 5 }),
        async commit(edits) {
          const lines = await linesOf(edits, encoders())
          const kind = number % 3
          const bytes = kind === 0 ? lines : kind === 1 ? gzipSync(lines) : zstdCompressSync(lines)
          // a file that is not whole yet is hidden
          const name = `part-${number++}.jsonl${['', '.gz', '.zst'][kind]}`
          mkdirSync(join(folder, 'deep'), { recursive: true })
          writeFileSync(join(folder, 'deep', `.${name}`), bytes)
          renameSync(join(folder, 'deep', `.${name}`), join(folder, 'deep', name))
        },
        dispose: async () => rmSync(folder, { recursive: true }),
      }
    },
  })
})

describe('reading what is there, once', () => {
  sourceConformance({
    runner: { describe, test },
    emits: 'retract',
    can: { write: false, snapshot: false, transactions: false, bounded: true },
    types: sampleTypes,
    async fixture() {
      const folder = mkdtempSync(join(tmpdir(), 'cdc-files-'))
      const table = tableOf('items', { id: { kind: 'int32' }, name: { kind: 'string' } }, ['id'])
      const transactions = randomChangelog(new Random(3), { tables: [table], transactions: 40 })
      for (const [number, edits] of transactions.entries()) {
        const lines = await linesOf(edits, encoders())
        if (number % 3 === 0) writeFileSync(join(folder, `${number}.jsonl`), lines)
        else if (number % 3 === 1) writeFileSync(join(folder, `${number}.jsonl.gz`), gzipSync(lines))
        else
          writeFileSync(
            join(folder, `${number}.jsonl.zst`),
            Buffer.concat(lines.split(/(?<=\n)/).map((line) => zstdCompressSync(line))),
          )
      }
      return {
        source: filesystemSource({ path: folder, format }),
        dispose: async () => rmSync(folder, { recursive: true }),
      }
    },
  })
})
