import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type FaultyProxy, startProxy, waitFor } from '../src/index.ts'

let server: Server
let proxy: FaultyProxy
let served: Socket | undefined

beforeEach(async () => {
  server = createServer((socket) => {
    served = socket
    socket.on('error', () => {})
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await startProxy({ host: '127.0.0.1', port: (server.address() as { port: number }).port })
})

afterEach(async () => {
  await proxy.close()
  served?.destroy()
  server.close()
})

/** A client that keeps what comes and how the connection ended. */
async function client() {
  const socket = connect(proxy.port, '127.0.0.1')
  const chunks: Buffer[] = []
  const seen = { chunks, error: undefined as string | undefined, closed: false }
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.error = error.code
  })
  socket.on('close', () => {
    seen.closed = true
  })
  await once(socket, 'connect')
  const text = () => Buffer.concat(chunks).toString()
  return { socket, seen, text }
}

it('passes bytes both ways and the end of the connection', async () => {
  const { socket, seen, text } = await client()
  socket.end('hello')
  await waitFor(() => seen.closed)
  expect(text()).toBe('hello')
  expect(proxy.passed('up')).toBe(5)
  expect(proxy.passed('down')).toBe(5)
})

it('splits what comes into packets of the given size', async () => {
  proxy.fragment(3, 'down')
  const { socket, seen, text } = await client()
  socket.write('0123456789')
  await waitFor(() => text() === '0123456789')
  expect(Math.max(...seen.chunks.map((chunk) => chunk.length))).toBeLessThan(10)
  socket.destroy()
})

it('joins what comes within a time into one packet', async () => {
  proxy.join(300, 'up')
  const { socket, seen, text } = await client()
  for (const piece of ['a', 'b', 'c']) {
    socket.write(piece)
    await new Promise(setImmediate)
  }
  await waitFor(() => text() === 'abc')
  expect(seen.chunks).toHaveLength(1)
  socket.destroy()
})

it('cuts after the given number of bytes, once', async () => {
  proxy.cutAfter(4, 'down')
  const first = await client()
  first.socket.write('0123456789')
  await waitFor(() => first.seen.closed)
  expect(first.text().length).toBeLessThanOrEqual(4)
  expect(first.seen.error).toBe('ECONNRESET')
  const second = await client()
  second.socket.write('0123456789')
  await waitFor(() => second.text() === '0123456789')
  second.socket.destroy()
})

it('stalls one direction until it is told to resume', async () => {
  proxy.stall('down')
  const { socket, text } = await client()
  socket.write('hello')
  await waitFor(() => proxy.passed('up') === 5)
  expect(proxy.passed('down')).toBe(0)
  proxy.resume()
  await waitFor(() => text() === 'hello')
  socket.destroy()
})

it('resets open connections and refuses new ones', async () => {
  const { seen } = await client()
  await waitFor(() => proxy.open === 1)
  proxy.reset()
  await waitFor(() => seen.error === 'ECONNRESET')
  proxy.refuse()
  const refused = connect(proxy.port, '127.0.0.1')
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
  await waitFor(() => proxy.open === 0)
})

it('throttles to so many bytes a second', async () => {
  proxy.throttle(100_000, 'down')
  proxy.fragment(5_000, 'down')
  const { socket, text } = await client()
  const start = Date.now()
  socket.write('x'.repeat(20_000))
  await waitFor(() => text().length === 20_000)
  expect(Date.now() - start).toBeGreaterThanOrEqual(150)
  socket.destroy()
})
