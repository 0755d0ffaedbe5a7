import { expect, test } from 'vitest'
import { MessageSplitter } from './message-splitter.ts'

function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, Buffer.from(body)])
}

const messages = [message('d', 'first'), message('d', ''), message('S', 'a'), message('d', 'x'.repeat(40))]
const bytes = Buffer.concat(messages)

function takeAll(chunks: readonly Buffer[]): Buffer[] {
  const splitter = new MessageSplitter(1000)
  const taken: Buffer[] = []
  for (const chunk of chunks) {
    splitter.push(Buffer.from(chunk))
    const whole = splitter.take()
    if (whole !== undefined) taken.push(Buffer.from(whole))
  }
  expect(splitter.rest()).toHaveLength(0)
  return taken
}

test('messages come whole wherever the bytes are cut in two', () => {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const taken = takeAll([bytes.subarray(0, cut), bytes.subarray(cut)])
    expect(Buffer.concat(taken)).toEqual(bytes)
    for (const buffer of taken) expect(wholeMessages(buffer)).toBe(true)
  }
})

test('messages come whole when every byte comes alone', () => {
  const taken = takeAll(Array.from(bytes, (byte) => Buffer.from([byte])))
  expect(taken).toEqual(messages)
})

test('says whether there was anything but CopyData', () => {
  const splitter = new MessageSplitter(1000)
  splitter.push(messages[0]!)
  splitter.take()
  expect(splitter.onlyData).toBe(true)
  splitter.push(messages[2]!)
  splitter.take()
  expect(splitter.onlyData).toBe(false)
})

test('a message beyond the limit is refused before it is collected', () => {
  const splitter = new MessageSplitter(100)
  splitter.push(message('d', 'x'.repeat(200)).subarray(0, 10))
  expect(() => splitter.take()).toThrowError(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }))
})

test('bytes of another protocol are refused', () => {
  for (const bytes of [
    Buffer.from('HTTP/1.1 400 Bad Request'),
    Buffer.from([0x64, 0, 0, 0, 3]),
    Buffer.from([0, 255, 0, 0, 9]),
  ]) {
    const splitter = new MessageSplitter(1000)
    splitter.push(bytes)
    expect(() => splitter.take()).toThrowError(expect.objectContaining({ code: 'PROTOCOL_BROKEN' }))
  }
})

/** As a socket is read: each part into the place that was given after the one before. */
function readInto(splitter: MessageSplitter, parts: readonly Buffer[]): Buffer[] {
  const taken: Buffer[] = []
  let space = splitter.space()
  for (const part of parts) {
    for (let from = 0; from < part.length; ) {
      const length = part.copy(space, 0, from)
      splitter.filled(space, length)
      from += length
      space = splitter.space()
    }
    const whole = splitter.take()
    if (whole !== undefined) taken.push(Buffer.from(whole))
  }
  return taken
}

test('messages of any size come whole from what is read straight into the buffer', () => {
  const splitter = new MessageSplitter(2 ** 30)
  const sizes = [3, 70_000, 5, 300_000, 10, 3_000_000, 20, 200_000, ...Array.from({ length: 40 }, (_, i) => i * 999)]
  const sent = Buffer.concat(sizes.map((size, i) => message('d', String.fromCharCode(97 + (i % 26)).repeat(size))))
  for (const step of [sent.length, 65_536, 1_000_003, 777]) {
    const parts = Array.from({ length: Math.ceil(sent.length / step) }, (_, i) =>
      sent.subarray(i * step, (i + 1) * step),
    )
    expect(Buffer.concat(readInto(splitter, parts)).equals(sent)).toBe(true)
    expect(splitter.rest()).toHaveLength(0)
  }
})

test('a message takes memory as it comes, and not as its length says', () => {
  const splitter = new MessageSplitter(2 ** 30)
  const sent = message('d', 'x'.repeat(20_000_000))
  const head = Buffer.from(sent.subarray(0, 5))
  head.writeUInt32BE(2 ** 30 - 1, 1)
  let grown = 0
  let last = 0
  for (let from = 0; from < sent.length; ) {
    const space = splitter.space()
    const { byteLength } = space.buffer
    expect(byteLength).toBeLessThanOrEqual(Math.max(256 * 1024, 2 * from) + 2 * 64 * 1024)
    if (byteLength !== last) grown++
    last = byteLength
    const length = (from === 0 ? head : sent).copy(space, 0, from, Math.min(sent.length, from + 64 * 1024))
    splitter.filled(space, length)
    from += length
    expect(splitter.take()).toBeUndefined()
  }
  // by doubling: what is moved stays within what came
  expect(grown).toBeLessThan(12)
})

test('the buffer of a large message is let go when no more of them come', () => {
  const splitter = new MessageSplitter(2 ** 30)
  readInto(splitter, [message('d', 'x'.repeat(5_000_000))])
  expect(splitter.space().buffer.byteLength).toBeGreaterThan(5_000_000)
  for (let i = 0; i < 20; i++) readInto(splitter, [message('d', 'small')])
  expect(splitter.space().buffer.byteLength).toBeLessThan(300_000)
})

test('there is an end to a burst, and none inside of a message', () => {
  const splitter = new MessageSplitter(2 ** 30)
  const large = message('d', 'x'.repeat(1_000_000))
  splitter.push(large.subarray(0, 900_000))
  splitter.take()
  expect(splitter.full).toBe(false)
  splitter.push(large.subarray(900_000))
  expect(splitter.full).toBe(true)
  splitter.take()
  expect(splitter.full).toBe(false)
})

function wholeMessages(buffer: Buffer): boolean {
  let at = 0
  while (at < buffer.length) at += 1 + buffer.readUInt32BE(at + 1)
  return at === buffer.length
}
