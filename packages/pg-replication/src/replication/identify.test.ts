import { expect, test } from 'vitest'
import { parseTimelineHistory } from './identify.ts'

test('a history file gives where each timeline ended', () => {
  const text =
    '1\t0/3000000\tno recovery target specified\n\n# a comment\n2\t1/2A000028\tbefore 2024-01-01 00:00:00+00\n'
  expect(parseTimelineHistory(text)).toEqual([
    { timeline: 1, switchPoint: 0x3000000n },
    { timeline: 2, switchPoint: 0x1_2a00_0028n },
  ])
})

test('a line that cannot be read is a fault', () => {
  expect(() => parseTimelineHistory('1 somewhere\n')).toThrowError(expect.objectContaining({ code: 'PROTOCOL_BROKEN' }))
})
