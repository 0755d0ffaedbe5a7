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
    if (whole !== undefined) taken.push(whole)
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

function wholeMessages(buffer: Buffer): boolean {
  let at = 0
  while (at < buffer.length) at += 1 + buffer.readUInt32BE(at + 1)
  return at === buffer.length
}
