import { expect, test } from 'vitest'
import { parseConnectionUrl } from './connection-url.ts'

test('reads a URL as libpq does', () => {
  expect(
    parseConnectionUrl('postgresql://a%40b:p%3Aw%25@[::1]:5433/my%20db?sslmode=verify-full&sslrootcert=/ca.pem'),
  ).toEqual({
    host: '::1',
    port: 5433,
    user: 'a@b',
    password: 'p:w%',
    database: 'my db',
    ssl: { mode: 'verify-full', rootCert: '/ca.pem', cert: undefined, key: undefined, keyPassword: undefined },
  })
  const socket = parseConnectionUrl('postgres:///db?host=/run/postgresql&user=app&connect_timeout=5')
  expect(socket).toMatchObject({
    host: '/run/postgresql',
    port: 5432,
    user: 'app',
    database: 'db',
    connectTimeout: 5000,
  })
  expect(parseConnectionUrl('postgresql://app@db1')).toMatchObject({ host: 'db1', database: 'app' })
})

test.for([
  ['mysql://a@b/c', 'no postgresql:// URL'],
  ['postgresql://host/db', 'names no user'],
  ['postgresql://a:secret%@h/d', 'begins no escape'],
  ['postgresql://a:secret@h/d?sslmode=strict', 'sslmode is none of'],
  ['postgresql://a:secret@h/d?sslmod=require', "'sslmod' is unknown"],
  ['postgresql://a:secret@h/d?port=70000', 'port'],
])('refuses %s and shows no secret', ([url, reason]) => {
  let error: unknown
  try {
    parseConnectionUrl(url!)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code: 'STATE_URL', message: expect.stringContaining(reason!) })
  expect(String(error)).not.toContain('secret')
})
