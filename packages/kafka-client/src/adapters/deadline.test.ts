import { expect, onTestFinished, test } from 'vitest'
import { Deadline } from './deadline.ts'

test('what was begun under a signal that had aborted already fails without being an unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const late = Promise.withResolvers<void>()
  const deadline = new Deadline(60_000, 'do it', AbortSignal.abort(new Error('stopped')))
  await expect(deadline.race(late.promise)).rejects.toThrow('stopped')
  late.reject(new Error('the connection was closed'))
  // a turn of the loop, in which Node would tell
  await new Promise(setImmediate)
  expect(unhandled).toEqual([])
})
