import { CdcError, type Cell } from '@cdc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseArray } from './array.ts'

const text = (literal: string, delimiter = ',') => parseArray(literal, delimiter, (element) => element)

test('reads plain, quoted, escaped and NULL elements', () => {
  expect(text('{}')).toEqual([])
  expect(text('{a}')).toEqual(['a'])
  expect(text('{a,NULL,"NULL",""," x y ","q\\"b\\\\","x,y","{}"}')).toEqual([
    'a',
    null,
    'NULL',
    '',
    ' x y ',
    'q"b\\',
    'x,y',
    '{}',
  ])
})

test('makes nested arrays of dimensions', () => {
  expect(text('{{a,b},{NULL,"d"}}')).toEqual([
    ['a', 'b'],
    [null, 'd'],
  ])
  expect(text('{{{1}},{{2}}}')).toEqual([[['1']], [['2']]])
})

test('separates boxes by semicolons', () => {
  expect(text('{(1,2),(0,0);NULL;(3,3),(1,1)}', ';')).toEqual(['(1,2),(0,0)', null, '(3,3),(1,1)'])
})

test('keeps the text of an array whose lower bounds are not 1', () => {
  expect(text('[0:1]={5,6}')).toBe('[0:1]={5,6}')
})

test.each([
  '',
  '{',
  '{a',
  '{a,',
  '{a,}',
  '{,a}',
  '{"a}',
  '{"a\\',
  '{a}x',
  '{a}}',
  '{{a}',
  '{a"b"}',
  'a',
  '{{{{{{{1}}}}}}}',
  '{"a"b}',
])('refuses %j with a code', (literal) => {
  expect(() => text(literal)).toThrow(expect.objectContaining({ code: 'VALUE_MALFORMED' }))
})

test('reads back whatever is written as the server writes it', () => {
  const leaf = fc.option(fc.string({ unit: 'grapheme' }), { nil: null })
  const array = fc.oneof(fc.array(leaf, { minLength: 1 }), fc.array(fc.array(leaf, { minLength: 1 }), { minLength: 1 }))
  fc.assert(
    fc.property(array, (cells) => {
      expect(text(write(cells))).toEqual(cells)
    }),
  )
})

test('never does anything but give an array or a coded error', () => {
  const near = fc.string({ unit: fc.constantFrom('{', '}', ',', '"', '\\', 'a', 'N', '[', '=') })
  fc.assert(
    fc.property(near, (literal) => {
      try {
        text(`{${literal}`)
      } catch (error) {
        expect(CdcError.is(error) && error.code).toBe('VALUE_MALFORMED')
      }
    }),
    { numRuns: 2000 },
  )
})

/** As array_out does: quotes where it must. */
function write(cell: Cell): string {
  if (Array.isArray(cell)) return `{${cell.map(write).join(',')}}`
  if (cell === null) return 'NULL'
  const plain = String(cell)
  const must = plain === '' || /^null$/i.test(plain) || /[{}",\\\s]/.test(plain)
  return must ? `"${plain.replaceAll(/["\\]/g, '\\$&')}"` : plain
}
