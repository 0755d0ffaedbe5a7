import { expect, test } from 'vitest'
import { compilePatterns, literalNames, matchNames, splitList } from './pattern.ts'

const matches = (pattern: string, names: string[]) => {
  const hits = matchNames(compilePatterns(pattern), names, 'table-name')
  return names.filter((_, i) => hits.some((one) => one.has(i)))
}

test('the whole name must match, without regard to case, and lists are split outside of brackets', () => {
  const names = ['orders', 'Orders', 'orders_old', 'order', 'customers', 'a_b', 'axb', 'constructor']
  expect(matches('orders', names)).toEqual(['orders', 'Orders'])
  expect(matches('(orders|customers)', names)).toEqual(['orders', 'Orders', 'customers'])
  expect(matches('orders, customers', names)).toEqual(['orders', 'Orders', 'customers'])
  expect(matches('a|b|order', names)).toEqual(['order'])
  expect(matches('a_b', names)).toEqual(['a_b'])
  expect(matches('(?!orders).*', names)).toEqual(['order', 'customers', 'a_b', 'axb', 'constructor'])
  expect(matches('constructor', names)).toEqual(['constructor'])
  expect(splitList('a{1,2},b[,],(c,d),e\\,f')).toEqual(['a{1,2}', 'b[,]', '(c,d)', 'e\\,f'])
})

test("takes Java's quoting and flag, and refuses what does not compile on its own", () => {
  expect(matches('\\Qa.b\\E', ['a.b', 'axb'])).toEqual(['a.b'])
  expect(matches('(?i)ORDERS', ['orders'])).toEqual(['orders'])
  for (const wrong of ['a(b', '*', 'a)|(b', '[', '', ' , '])
    expect(() => compilePatterns(wrong), wrong).toThrow(SyntaxError)
})

test('an expression matches the same with and without a deadline', () => {
  const names = ['orders', 'orders_2', 'Orders', 'x.orders', 'order', 'a.b']
  for (const [simple, guarded] of [
    ['orders', '(?:(?:orders)+)'],
    ['.*', '(?:.*)?'],
    ['o.*s.*', '(o.*s.*)?'],
    ['[a-z]+', '([a-z])+'],
    ['(orders|a\\.b)', '(orders|a\\.b){1}'],
  ] as const)
    expect(matches(simple, names), simple).toEqual(matches(guarded, names))
})

test('an expression without an end is given up', () => {
  for (const slow of ['(a+)+b', '(a|a)*b'])
    expect(() => matches(slow, ['a'.repeat(60), 'a'.repeat(39)]), slow).toThrow(
      expect.objectContaining({ code: 'PATTERN_TOO_SLOW' }),
    )
})

test('names that are spelt out are known as such', () => {
  const literal = (pattern: string) => compilePatterns(pattern).parts.flatMap(literalNames)
  expect(literal('(orders|customers)')).toEqual(['orders', 'customers'])
  expect(literal('orders,customers')).toEqual(['orders', 'customers'])
  expect(literal('order.*')).toEqual([])
})
