import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StatusReporter, statusInterval, statusUpdate } from './status-update.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('the interval is a third of the timeout, at most ten seconds, and ten seconds when the timeout is off', () => {
  expect([60_000, 2000, 0, 2_147_483_647, 1].map(statusInterval)).toEqual([10_000, 2000 / 3, 10_000, 10_000, 10])
})

test('write, flush and apply are one position, and the time counts from 2000', () => {
  const message = statusUpdate(0x1_0000_0002n, 946_684_800_000 + 1500, true)
  expect([6, 14, 22].map((at) => message.readBigUInt64BE(at))).toEqual([0x1_0000_0002n, 0x1_0000_0002n, 0x1_0000_0002n])
  expect(message.readBigInt64BE(30)).toBe(1_500_000n)
  expect(message[38]).toBe(1)
  expect(message.readUInt32BE(1)).toBe(message.length - 1)
})

function reporter(start = 10n) {
  const sent: bigint[] = []
  const status = new StatusReporter(10_000, start, (lsn) => sent.push(lsn))
  return { sent, status }
}

test('a position never goes back', () => {
  const { sent, status } = reporter()
  status.setFlushed(5n)
  status.now()
  status.setFlushed(20n)
  status.setFlushed(15n)
  status.now()
  expect(sent).toEqual([10n, 20n])
  status.stop()
})

test('many new positions give one status in 100 ms, with the last of them', () => {
  const { sent, status } = reporter()
  status.now()
  for (let lsn = 11n; lsn <= 500n; lsn++) status.setFlushed(lsn)
  expect(sent).toEqual([10n])
  vi.advanceTimersByTime(100)
  expect(sent).toEqual([10n, 500n])
  vi.advanceTimersByTime(9000)
  status.stop()
  expect(sent).toEqual([10n, 500n])
})

test('an answer with news goes at once, one without waits for 100 ms', () => {
  const { sent, status } = reporter()
  status.now()
  status.setFlushed(11n)
  status.reply()
  expect(sent).toEqual([10n, 11n])
  status.reply()
  status.reply()
  expect(sent).toEqual([10n, 11n])
  vi.advanceTimersByTime(100)
  expect(sent).toEqual([10n, 11n, 11n])
  status.stop()
})

test('it reports on its own when nothing moves', () => {
  const { sent, status } = reporter()
  vi.advanceTimersByTime(30_000)
  expect(sent).toEqual([10n, 10n, 10n])
  status.stop()
  vi.advanceTimersByTime(30_000)
  expect(sent).toHaveLength(3)
})
