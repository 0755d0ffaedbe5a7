import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/**
 * The little of a PostgreSQL 9.6 that is needed to be refused by: no such server can be had any more. It lets in
 * without a password, tells its version, and knows no function that came with 10.
 */
export async function startOldServer(): Promise<Server> {
  const server = createServer((socket) => {
    let greeted = false
    socket
      .on('error', () => {})
      .on('data', (data) => {
        if (!greeted) socket.write(greeting)
        else if (data[0] === 'Q'.charCodeAt(0)) answer(socket, data.toString('latin1', 5))
        greeted = true
      })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
const int32 = (value: number) => Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255])
const ready = message('Z', 'I')
const greeting = Buffer.concat([
  message('R', int32(0)),
  message('S', 'server_version\x009.6.24\0'),
  message('S', 'client_encoding\0UTF8\0'),
  message('K', int32(4711), int32(1)),
  ready,
])
/** What a session asks when it is prepared. */
const known = { version: '90624', pid: '4711', product: 'PostgreSQL 9.6.24' }

function answer(socket: Socket, sql: string): void {
  if (!sql.includes('server_version_num')) {
    const fields = ['SERROR', 'C42883', 'Mfunction pg_catalog.pg_current_wal_lsn() does not exist']
    socket.write(Buffer.concat([message('E', ...fields.map((field) => `${field}\0`), '\0'), ready]))
    return
  }
  const names = Object.keys(known)
  const columns = names.map((name) =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(25), int16(-1 & 0xffff), int32(-1), int16(0)]),
  )
  const cells = Object.values(known).map((value) => Buffer.concat([int32(value.length), Buffer.from(value)]))
  socket.write(
    Buffer.concat([
      message('T', int16(names.length), ...columns),
      message('D', int16(names.length), ...cells),
      message('C', 'SELECT 1\0'),
      ready,
    ]),
  )
}
