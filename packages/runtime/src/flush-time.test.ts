import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FlushTime } from './flush-time.ts'

const limits = { batchBytes: 128 * 1024, flushInterval: 200 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a few changes are flushed at once when nothing more is at hand', () => {
  const time = new FlushTime(limits)
  vi.advanceTimersByTime(5)
  time.written(1000)
  expect([time.patience, time.due]).toEqual([0, false])
})

test('a pipeline that catches up waits for the next burst, and not for long', () => {
  const time = new FlushTime(limits)
  vi.advanceTimersByTime(5)
  time.written(256 * 1024)
  expect([time.patience, time.due]).toEqual([10, false])
  vi.advanceTimersByTime(14)
  time.written(512 * 1024)
  expect(time.patience).toBe(6)
  vi.advanceTimersByTime(6)
  expect(time.patience).toBe(0)
})

test('a flush begins the count anew', () => {
  const time = new FlushTime(limits)
  time.written(256 * 1024)
  time.flushed(1)
  vi.advanceTimersByTime(1)
  expect(time.patience).toBe(0)
  time.written(256 * 1024)
  expect(time.patience).toBe(10)
})

test('while changes come without a pause it is time after so many bytes, or so long', () => {
  const time = new FlushTime(limits)
  time.written(4 * 1024 * 1024 - 1)
  expect(time.due).toBe(false)
  time.written(1)
  expect([time.due, time.patience]).toEqual([true, 0])
  time.flushed(1)
  expect(time.due).toBe(false)
  vi.advanceTimersByTime(200)
  expect(time.due).toBe(true)
})

test('the longer a flush takes, the longer is gathered, up to a bound', () => {
  const time = new FlushTime(limits)
  const gathered = (took: number) => {
    time.flushed(took)
    time.written(4 * 1024 * 1024 - 1)
    let milliseconds = 0
    for (; time.patience > 0; milliseconds++) vi.advanceTimersByTime(1)
    return milliseconds
  }
  expect([1, 5, 10, 30].map(gathered)).toEqual([25, 40, 80, 100])
})

test('a larger batch is not flushed for itself', () => {
  const time = new FlushTime({ ...limits, batchBytes: 2 * 1024 * 1024 })
  time.written(15 * 1024 * 1024)
  expect(time.due).toBe(false)
  time.written(1024 * 1024)
  expect(time.due).toBe(true)
})
