import { expect, test } from 'vitest'
import { cellText } from './cell-text.ts'
import { copyField } from './copy-encoder.ts'
import { literalDefault } from './ddl.ts'
import { isWider } from './types.ts'

test.each([
  ['bigint', 'integer', true],
  ['numeric', 'bigint', true],
  ['numeric(5,0)', 'bigint', false],
  ['integer', 'bigint', false],
  ['character varying(40)', 'character varying(20)', true],
  ['text', 'character varying(20)', true],
  ['character varying(20)', 'text', false],
  ['numeric(12,2)', 'numeric(10,2)', true],
  ['numeric(12,4)', 'numeric(11,2)', false],
  ['numeric', 'numeric(10,2)', true],
  ['timestamp without time zone', 'timestamp(3) without time zone', true],
  ['timestamp with time zone', 'timestamp without time zone', false],
])('%s is wider than %s: %s', (wide, narrow, expected) => {
  expect(isWider(wide, narrow)).toBe(expected)
})

test.each([
  ["'new'::public.mood", "'new'"],
  ["'it''s'::character varying(20)", "'it''s'"],
  ['0', '0'],
  ["'-1'::integer", "'-1'"],
  ['(-1.5)', '-1.5'],
  ['true', 'true'],
  ["'{}'::text[]", "'{}'"],
  ['now()', undefined],
  ["nextval('s'::regclass)", undefined],
  ["('a'::text || 'b'::text)", undefined],
  ['1 + 1', undefined],
])('the constant of the default %s is %s', (expression, expected) => {
  expect(literalDefault(expression)).toBe(expected)
})

test('cells become the text that the server reads', () => {
  const list = cellText({ kind: 'array', element: { kind: 'string' } }, false)
  expect(list([null, 'NULL', '', 'a"b\\c', ['x, y', '{']])).toBe('{NULL,"NULL","","a\\"b\\\\c",{"x, y","{"}}')
  expect(list('[0:1]={a,b}')).toBe('[0:1]={a,b}')
  expect(cellText({ kind: 'array', element: { kind: 'other' } }, false, 'box[]')(['(1,1),(0,0)', '(2,2),(1,1)'])).toBe(
    '{"(1,1),(0,0)";"(2,2),(1,1)"}',
  )
  expect(cellText({ kind: 'float64' }, false)(-0)).toBe('-0')
  expect(cellText({ kind: 'bytes' }, false)(Uint8Array.of(0, 255))).toBe('\\x00ff')
  expect(cellText({ kind: 'boolean' }, true)(true)).toBe('true')
  expect(copyField('a\tb\nc\\d\re')).toBe('a\\tb\\nc\\\\d\\re')
})
