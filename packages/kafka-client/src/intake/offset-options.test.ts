import { describe, expect, test } from 'vitest'
import { parseSpecificOffsets } from './offset-options.ts'

describe('specific offsets', () => {
  test('are pairs of partition and offset', () => {
    const parsed = parseSpecificOffsets('partition:0,offset:42;partition:1,offset:300')
    expect([...parsed!]).toEqual([
      [0, 42n],
      [1, 300n],
    ])
    expect([...parseSpecificOffsets(' partition : 3 , offset : 9007199254740993 ; ')!]).toEqual([
      [3, 9007199254740993n],
    ])
  })

  test.each(['', '0:42', 'partition:0', 'partition:0,offset:-1', 'partition:0,offset:1,partition:1,offset:2'])(
    '%s is none',
    (text) => expect(parseSpecificOffsets(text)).toBeUndefined(),
  )
})
