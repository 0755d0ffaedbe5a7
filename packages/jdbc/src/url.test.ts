import { describe, expect, test } from 'vitest'
import { jdbc } from './jdbc.ts'
import { jdbcOptions } from './options.ts'
import { connectionSettings } from './settings.ts'
import { parseTableName, targetName } from './table-name.ts'
import { parseJdbcUrl } from './url.ts'

const settings = (url: string, more: Record<string, unknown> = {}) => {
  const { values, problems } = jdbcOptions.parse({ url, username: 'app', ...more })
  expect(problems).toEqual([])
  return connectionSettings(values)
}
const problems = (raw: Record<string, unknown>) =>
  jdbcOptions
    .parse({ username: 'app', url: 'jdbc:postgresql://h/d', ...raw })
    .problems.map(({ message, hint }) => `${message} ${hint ?? ''}`)

describe('a jdbc: URL', () => {
  test.each([
    ['jdbc:postgresql://db.example/shop', [{ host: 'db.example', port: 5432 }], 'shop'],
    ['jdbc:postgresql://[2001:db8::1]:6000/shop', [{ host: '2001:db8::1', port: 6000 }], 'shop'],
    [
      'jdbc:postgresql://a:1,b,[::1]:3/shop',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 5432 },
        { host: '::1', port: 3 },
      ],
      'shop',
    ],
    ['JDBC:PostgreSQL:///sh%20op%C3%A9', [{ host: 'localhost', port: 5432 }], 'sh opé'],
    ['jdbc:postgresql:shop', [{ host: 'localhost', port: 5432 }], 'shop'],
  ])('%s names its hosts and its database', (url, hosts, database) => {
    expect(parseJdbcUrl(url)).toMatchObject({ hosts, database })
  })

  test('gives its parameters, with percent signs and plus signs as they stand', () => {
    const { parameters } = parseJdbcUrl('jdbc:postgresql://h/d?user=a%26b&ApplicationName=x+y&currentSchema=s')
    expect([...parameters]).toEqual([
      ['user', 'a&b'],
      ['ApplicationName', 'x+y'],
      ['currentSchema', 's'],
    ])
  })

  test.each([
    ['postgresql://h/d', "must begin with 'jdbc:'"],
    ['jdbc:oracle://h/d', 'knows postgresql so far'],
    ['jdbc:postgresql://user:pw@h/d', 'must not hold a user before the host'],
    ['jdbc:postgresql://h:0/d', 'a port that is not from 1 to 65535'],
    ['jdbc:postgresql://h:x/d', 'has a host that is neither'],
    ['jdbc:postgresql://::1/d', 'has a host that is neither'],
    ['jdbc:postgresql://h/%zz', 'write %25 for a percent sign'],
    ['jdbc:postgresql://h/d?sslmode=a&sslmode=b', "has the parameter 'sslmode' twice"],
    ['jdbc:postgresql://h', 'names no database'],
    ['jdbc:postgresql://h/d?sslmod=require', "Did you mean 'sslmode'?"],
    ['jdbc:postgresql://h/d?sslmode=always', 'must be one of disable, allow'],
    ['jdbc:postgresql://h/d?password=secret', 'must not hold a password'],
    ['jdbc:postgresql://h/d?sslcert=/c.pem', 'needs the other one of sslcert and sslkey'],
    ['jdbc:postgresql://h/d?targetServerType=secondary', 'must not be a standby'],
  ])('%s is refused: %s', (url, text) => {
    const found = problems({ url }).join('\n')
    expect(found).toContain(text)
    expect(found).not.toContain('secret')
  })

  test('and its parameters decide TLS, time limit and host', () => {
    expect(settings('jdbc:postgresql://a,b/d?ssl=true&connectTimeout=5&user=app')).toMatchObject({
      target: 'primary',
      connectTimeout: 5000,
      tls: { mode: 'verify-full' },
    })
    expect(settings('jdbc:postgresql://a/d', { 'connection-properties.sslmode': 'require' }).tls.mode).toBe('require')
  })
})

test('options that Flink has for reading, and others that cannot be, are refused with the reason', () => {
  expect(
    problems({ 'lookup.cache': 'PARTIAL', 'scan.fetch-size': 10, 'sink.parallelism': 4, 'compatible-mode': 'x' }),
  ).toEqual([
    expect.stringContaining('only PostgreSQL is'),
    expect.stringContaining("'scan.fetch-size' is for reading"),
    expect.stringContaining("'lookup.cache' is for lookup joins"),
    expect.stringContaining("tear the source's transactions apart"),
  ])
  expect(problems({ username: undefined, password: 'x' })).toEqual([expect.stringContaining("without 'username'")])
})

test('a table name has parts, quotes and placeholders', () => {
  expect(parseTableName('a.b')).toEqual({ schema: 'a', name: 'b' })
  expect(parseTableName('"a.""b"."C d"')).toEqual({ schema: 'a."b', name: 'C d' })
  expect(parseTableName('a.b.c')).toBeUndefined()
  expect(targetName('copy_${schema}."${table}"', { schema: 's', name: 'x.y' })).toEqual({
    schema: 'copy_s',
    name: 'x.y',
  })
})

test('a place in table-name that is not known is refused, and never made a name', () => {
  const problems = (name: string) =>
    jdbc
      .configure({ url: 'jdbc:postgresql://localhost/db', 'table-name': name })
      .problems.filter(({ option }) => option === 'table-name')
      .map(({ message }) => message)
  expect(problems('replica.${table-name}')).toEqual([
    "Option 'table-name' has ${table-name}, and knows ${schema} and ${table}.",
  ])
  expect(problems('${schema}_copy.${table}')).toEqual([])
})
