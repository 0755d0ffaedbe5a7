import type { Table } from '@cdc/core'
import { expect, test } from 'vitest'
import { sanitized, TopicPattern, topicPatternFault } from './topic-pattern.ts'

const table = (name: string, over: Partial<Table> = {}): Table => ({
  schema: 'public',
  name,
  columns: [],
  key: [],
  ...over,
})

test('a pattern may have its four placeholders and the characters of topic names', () => {
  expect(topicPatternFault('${prefix}.${database}_${schema}-${table}')).toBeUndefined()
  expect(topicPatternFault('${tabel}')).toMatch(/has \$\{tabel\}, and knows only \$\{database\}, \$\{schema\}/)
  expect(topicPatternFault('a b')).toMatch(/characters that no topic name can have/)
})

test("the database is the table's own, else that of the change", () => {
  const pattern = new TopicPattern('${database}.${table}', '', false)
  expect(pattern.topicOf(table('t'), 'shop')).toBe('shop.t')
  expect(pattern.topicOf(table('u', { database: 'own' }), 'shop')).toBe('own.u')
})

test('only a pattern that does not depend on the table has one topic for all', () => {
  expect(new TopicPattern('${prefix}.all', 'a b', false).only).toBe('a_b.all')
  expect(new TopicPattern('${schema}', '', false).only).toBeUndefined()
})

test('a pattern without ${table} means that tables share the topic, unless it is one of keys', () => {
  const shared = new TopicPattern('all', '', false)
  expect([shared.topicOf(table('a'), ''), shared.topicOf(table('b'), '')]).toEqual(['all', 'all'])
  const keyed = new TopicPattern('all', '', true)
  keyed.topicOf(table('a'), '')
  expect(() => keyed.topicOf(table('b'), '')).toThrow(/would both go to topic 'all'/)
})

test('tables of two schemas do not meet in one topic by accident', () => {
  const pattern = new TopicPattern('${table}', '', false)
  pattern.topicOf(table('t'), '')
  expect(() => pattern.topicOf(table('t', { schema: 'other' }), '')).toThrow(/public\.t and other\.t/)
})

test('every character that is not ASCII, or not of topic names, becomes one _', () => {
  expect(sanitized('größe & Co.')).toBe('gr__e___Co.')
})
