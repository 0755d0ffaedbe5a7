import { expect, test } from 'vitest'
import type { CatalogTable } from '../catalog.ts'
import { unitsOf } from './units.ts'

const table = (pages: number, kind = 'r', name = 't') => ({ pages, kind, name }) as CatalogTable
const sizes = (units: readonly (readonly number[])[]) => units.map(({ length }) => length)
const none = () => false

test('small neighbours become one unit, in order and each table once', () => {
  const tables = Array.from({ length: 2000 }, () => table(1))
  const units = unitsOf(tables, 4, none)
  expect(units.flat()).toEqual(tables.map((_, i) => i))
  expect(new Set(sizes(units))).toEqual(new Set([32, 16]))
})

test('few tables are left to several workers', () => {
  const few = Array.from({ length: 16 }, () => table(1))
  expect(sizes(unitsOf(few, 4, none))).toEqual(Array(16).fill(1))
  expect(sizes(unitsOf(few, 1, none))).toEqual([4, 4, 4, 4])
})

test('what is large, partitioned or to be read in another way stands alone, and a unit has a size', () => {
  const between = (other: CatalogTable) => [...Array(8).fill(table(1)), other, ...Array(55).fill(table(1))]
  const alone = ({ name }: CatalogTable) => name === 'own'
  for (const other of [table(256), table(0, 'p'), table(1, 'r', 'own')])
    expect(sizes(unitsOf(between(other), 1, alone))).toEqual([8, 1, 16, 16, 16, 7])
  expect(sizes(unitsOf(Array(64).fill(table(255)), 1, none))[0]).toBe(4)
})
