import type { PositionRules } from '@cdc/core'
import { describe, expect, test } from 'vitest'
import { whereToStand } from './where-to-stand.ts'

/** Positions `branch:number`; other branches cannot be compared. */
const parse = (position: string) => position.split(':') as [string, string]
const rules: PositionRules = {
  compare(a, b) {
    const [branchA, x] = parse(a)
    const [branchB, y] = parse(b)
    if (branchA !== branchB) return undefined
    return Math.sign(Number(x) - Number(y)) as -1 | 0 | 1
  },
  lowest: (positions) => positions.reduce((a, b) => (rules.compare(a, b) === 1 ? b : a)),
  contains: () => () => false,
  settled: () => true,
  merge: (own, read) => (rules.compare(own, read) === 1 ? own : read),
  describe: (position) => position,
}
const jdbc = (position?: string, sink = 'jdbc') => ({ sink, remembers: true, position })
const print = { sink: 'print', remembers: false, position: undefined }
const saved = (position: string | undefined, sinks: Record<string, string | null>) => ({ position, sinks })
const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing thrown'
}

describe('with a checkpoint', () => {
  test('a sink that says what it said when the checkpoint was saved stands at the checkpoint', () => {
    const stand = whereToStand(saved('a:7', { jdbc: 'a:5' }), [jdbc('a:5')], rules)
    expect(stand).toEqual({ from: 'a:7', sinks: ['a:7'], setBack: undefined })
  })
  test('a sink that was ahead of the checkpoint when it was saved still is', () => {
    const stand = whereToStand(saved('a:7', { jdbc: 'a:9', print: null }), [jdbc('a:9'), print], rules)
    expect(stand).toEqual({ from: 'a:7', sinks: ['a:9', 'a:7'], setBack: undefined })
  })
  test('a sink that went on after the checkpoint stands where it says', () => {
    const stand = whereToStand(saved('a:7', { jdbc: 'a:7' }), [jdbc('a:9')], rules)
    expect(stand).toEqual({ from: 'a:9', sinks: ['a:9'], setBack: undefined })
  })
  test('a target that was set back is read for from where it stands, and named', () => {
    const stand = whereToStand(saved('a:7', { jdbc: 'a:7' }), [jdbc('a:3')], rules)
    expect(stand).toEqual({ from: 'a:3', sinks: ['a:3'], setBack: 'jdbc' })
  })
  test.each([
    ['a:9', 'a:8'],
    ['a:8', 'a:9'],
  ])('the slowest sink decides where to read from, wherever it stands in the file: %s, %s', (one, two) => {
    const stand = whereToStand(saved('a:7', { one: 'a:7', two: 'a:7' }), [jdbc(one, 'one'), jdbc(two, 'two')], rules)
    expect(stand).toMatchObject({ from: 'a:8', sinks: [one, two] })
  })
  test('an emptied target is refused', () => {
    expect(codeOf(() => whereToStand(saved('a:7', { jdbc: 'a:7' }), [jdbc()], rules))).toBe('TARGET_BEHIND')
  })
  test('positions of another server are refused', () => {
    expect(codeOf(() => whereToStand(saved('a:7', { jdbc: 'a:7' }), [jdbc('b:9')], rules))).toBe('POSITION_FOREIGN')
  })
  test('a sink that was added later is refused, whether it remembers or not', () => {
    const before = saved('a:7', { jdbc: 'a:7' })
    expect(codeOf(() => whereToStand(before, [jdbc('a:7'), print], rules))).toBe('SINK_ADDED')
    expect(codeOf(() => whereToStand(before, [jdbc('a:7'), jdbc(undefined, 'new')], rules))).toBe('SINK_ADDED')
  })
})

describe('in a pipeline that began and saved nothing yet', () => {
  const begun = saved(undefined, {})
  test('reads from the start when no sink has anything', () => {
    expect(whereToStand(begun, [jdbc(), print], rules)).toEqual({
      from: undefined,
      sinks: [undefined, undefined],
      setBack: undefined,
    })
  })
  test('goes on from what the sinks have, when all remember', () => {
    expect(whereToStand(begun, [jdbc('a:2')], rules)).toMatchObject({ from: 'a:2', sinks: ['a:2'] })
  })
  test('reads from the start again for a sink that does not remember', () => {
    expect(whereToStand(begun, [jdbc('a:2'), print], rules)).toMatchObject({
      from: undefined,
      sinks: ['a:2', undefined],
    })
  })
})

describe('without any state', () => {
  test('stands at what the sinks say', () => {
    expect(whereToStand(undefined, [jdbc('a:2')], rules)).toMatchObject({ from: 'a:2', sinks: ['a:2'] })
  })
  test('refuses to guess where a sink without a memory stands', () => {
    expect(codeOf(() => whereToStand(undefined, [jdbc('a:2'), print], rules))).toBe('STATE_LOST')
  })
})
