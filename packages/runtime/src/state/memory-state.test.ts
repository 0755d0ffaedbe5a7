import { expect, test } from 'vitest'
import { memoryState } from './memory-state.ts'

test('keeps entries between stores of one place, one holder at a time', async () => {
  const place = memoryState()
  const first = place('shop')
  await first.open()
  await first.save('checkpoint', 'one')
  await expect(place('shop').open()).rejects.toMatchObject({ code: 'STATE_LOCKED' })
  await first.close()
  await expect(first.save('checkpoint', 'late')).rejects.toMatchObject({ code: 'STATE_NOT_OPEN' })

  const second = place('shop')
  await second.open()
  expect(await second.load('checkpoint')).toBe('one')
  const other = place('other')
  await other.open()
  expect(await other.load('checkpoint')).toBeUndefined()
  await second.clear()
  expect(await second.load('checkpoint')).toBeUndefined()
})
