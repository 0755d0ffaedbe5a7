import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { decodeStateFile, encodeStateFile } from './state-file.ts'

const header = { pipeline: 'shop "1"\n', entry: 'checkpoint', generation: 17 }
const text = '{"v":1,"position":"0/16B3748"}\né 😀'
const file = encodeStateFile(header, text)

test('gives back what was written', () => {
  const read = decodeStateFile(file)
  expect(read).toEqual({ status: 'intact', text, header: { ...header, length: Buffer.byteLength(text) } })
  expect(decodeStateFile(encodeStateFile(header, ''))).toMatchObject({ status: 'intact', text: '' })
})

test('sees every flipped bit', () => {
  for (let i = 0; i < file.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = Buffer.from(file)
      damaged[i]! ^= 1 << bit
      expect(decodeStateFile(damaged).status, `bit ${bit} of byte ${i}`).toBe('corrupt')
    }
  }
})

test('sees every truncation, and bytes too many', () => {
  for (let length = 0; length < file.length; length++) {
    expect(decodeStateFile(file.subarray(0, length)).status, `${length} bytes`).toBe('corrupt')
  }
  expect(decodeStateFile(Buffer.concat([file, Buffer.from('\n')])).status).toBe('corrupt')
})

test('knows a newer version from a damaged file', () => {
  const body = Buffer.from('whatever version 2 holds')
  const hash = createHash('sha256').update('2\n').update(body).digest('hex')
  const newer = Buffer.concat([Buffer.from(`cdc-state 2 sha256:${hash}\n`), body])
  expect(decodeStateFile(newer)).toEqual({ status: 'newer', version: 2 })
  expect(decodeStateFile(newer.subarray(0, -1)).status).toBe('corrupt')
})
