import { expect, test } from 'vitest'
import {
  bigDecimalText,
  dateText,
  doubleText,
  floatText,
  instantText,
  localDateTimeText,
  localTimeText,
} from './java-text.ts'

/** What Java 21 prints. */
test.for<[number, string]>([
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [0.1, '0.1'],
  [-1.5, '-1.5'],
  [100, '100.0'],
  [9999999, '9999999.0'],
  [10000000, '1.0E7'],
  [12345678.9, '1.23456789E7'],
  [0.001, '0.001'],
  [0.0009765625, '9.765625E-4'],
  [1e21, '1.0E21'],
  [5e-324, '4.9E-324'],
  [1.7976931348623157e308, '1.7976931348623157E308'],
  [Number.NaN, 'NaN'],
  [-Infinity, '-Infinity'],
])('%d as a double is %s', ([value, text]) => {
  expect(doubleText(value)).toBe(text)
})

test.for<[number, string]>([
  [0.1, '0.1'],
  [Math.fround(0.1), '0.1'],
  [16777216, '1.6777216E7'],
  [3.4028234663852886e38, '3.4028235E38'],
  [1e-45, '1.4E-45'],
  [-0, '-0.0'],
])('%d as a float is %s', ([value, text]) => {
  expect(floatText(value)).toBe(text)
})

test.for([
  ['10.50', '10.50'],
  ['-0.000001', '-0.000001'],
  ['0.0000001', '1E-7'],
  ['-0.00000012', '-1.2E-7'],
  ['0.00000000', '0E-8'],
  ['0.000000', '0.000000'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['NaN', 'NaN'],
])('the decimal %s is %s', ([value, text]) => {
  expect(bigDecimalText(value!)).toBe(text)
})

test.for([
  ['2024-02-29', '2024-02-29'],
  ['10000-01-01', '+10000-01-01'],
  ['0001-12-31 BC', '0000-12-31'],
  ['0044-03-15 BC', '-0043-03-15'],
  ['infinity', 'infinity'],
])('the date %s is %s', ([value, text]) => {
  expect(dateText(value!)).toBe(text)
})

test.for([
  ['12:34:00', '12:34'],
  ['12:34:56', '12:34:56'],
  ['12:34:56.7', '12:34:56.700'],
  ['12:34:56.789012', '12:34:56.789012'],
  ['12:34:00.000001', '12:34:00.000001'],
  ['12:34:00.000', '12:34'],
])('the time %s is %s', ([value, text]) => {
  expect(localTimeText(value!)).toBe(text)
})

test('timestamps have a T, and those of an instant a Z and always seconds', () => {
  expect(localDateTimeText('2024-02-29 12:34:56.789')).toBe('2024-02-29T12:34:56.789')
  expect(localDateTimeText('2024-02-29 12:00:00')).toBe('2024-02-29T12:00')
  expect(localDateTimeText('0044-03-15 12:00:01 BC')).toBe('-0043-03-15T12:00:01')
  expect(localDateTimeText('-infinity')).toBe('-infinity')
  expect(instantText('2024-02-29 10:34:56.789012+00')).toBe('2024-02-29T10:34:56.789012Z')
  expect(instantText('2024-02-29 10:00:00+00')).toBe('2024-02-29T10:00:00Z')
  expect(instantText('0044-03-15 12:00:00+00 BC')).toBe('-0043-03-15T12:00:00Z')
})
