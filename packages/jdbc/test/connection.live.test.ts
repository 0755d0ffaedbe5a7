import { makeCertificates, startPostgres, startProxy } from '@cdc/servers'
import { afterAll, describe, expect, test } from 'vitest'
import { jdbcOptions } from '../src/options.ts'
import { Connection } from '../src/postgresql/connection.ts'
import { connectionSettings } from '../src/settings.ts'

describe('connections', async () => {
  const certificates = await makeCertificates('certified')
  const withTls = await startPostgres({
    tls: { cert: certificates.server.cert, key: certificates.server.key, ca: certificates.ca },
    hba: `hostnossl all plain 127.0.0.1/32 trust
hostssl all certified 127.0.0.1/32 cert
hostssl all all 127.0.0.1/32 scram-sha-256
`,
  })
  const plain = await startPostgres()
  afterAll(async () => {
    await withTls.stop()
    await plain.stop()
  })

  const settings = (port: number, query: string, more: Record<string, unknown> = {}, host = '127.0.0.1') => {
    const { values, problems } = jdbcOptions.parse({
      url: `jdbc:postgresql://${host}:${port}/postgres?${query}`,
      username: plain.user,
      password: plain.password,
      ...more,
    })
    expect(problems).toEqual([])
    return connectionSettings(values)
  }
  /** Is the connection encrypted, or the code of the error. */
  const outcome = async (...args: Parameters<typeof settings>): Promise<boolean | string> => {
    try {
      const connection = await Connection.open(settings(...args))
      const { encrypted } = connection
      await connection.close()
      return encrypted
    } catch (cause) {
      return (cause as { code: string }).code
    }
  }

  test.each([
    ['sslmode=disable', 'TARGET_AUTH'],
    ['sslmode=allow', true],
    ['sslmode=prefer', true],
    ['', true],
    ['sslmode=require', true],
    ['sslmode=require&sslrootcert=CA', true],
    ['sslmode=require&sslrootcert=OTHER', 'TLS_UNTRUSTED'],
    ['sslmode=verify-ca', 'TLS_UNTRUSTED'],
    ['sslmode=verify-ca&sslrootcert=CA', true],
    ['sslmode=verify-full&sslrootcert=CA', true],
    ['sslmode=verify-full&sslrootcert=/no/such/file', 'TLS_FILE'],
    ['ssl=true', 'TLS_UNTRUSTED'],
  ])('to a server that insists on TLS, with %s: %s', async (query, expected) => {
    const files = query.replace('CA', certificates.ca).replace('OTHER', certificates.otherCa)
    expect(await outcome(withTls.port, files, {}, 'localhost')).toBe(expected)
  })

  test.each([
    ['sslmode=prefer', false],
    ['', false],
    ['sslmode=allow', false],
    ['sslmode=require', 'TLS_REFUSED'],
    ['sslmode=verify-full', 'TLS_REFUSED'],
  ])('to a server without TLS, with %s: %s', async (query, expected) => {
    expect(await outcome(plain.port, query)).toBe(expected)
  })

  test('with a client certificate, whose key may be encrypted', async () => {
    const admin = await Connection.open(settings(withTls.port, 'sslmode=require'))
    await admin.query('CREATE ROLE certified LOGIN')
    await admin.close()
    const { cert, key, encryptedKey, keyPassword } = certificates.client
    const own = { username: 'certified', password: undefined }
    const query = `sslmode=require&sslcert=${cert}&sslkey=`
    expect(await outcome(withTls.port, 'sslmode=require', own)).toBe('TARGET_AUTH')
    expect(await outcome(withTls.port, `${query}${key}`, own)).toBe(true)
    expect(await outcome(withTls.port, `${query}${encryptedKey}`, own)).toBe('TLS_FILE')
    const unlocked = { ...own, 'connection-properties.sslpassword': keyPassword }
    expect(await outcome(withTls.port, `${query}${encryptedKey}`, unlocked)).toBe(true)
  })

  test.each([
    ['wrongHost', 'sslmode=verify-ca', true],
    ['wrongHost', 'sslmode=verify-full', 'TLS_UNTRUSTED'],
    ['expired', 'sslmode=require', 'TLS_UNTRUSTED'],
  ] as const)('to a server whose certificate is for the %s, with %s: %s', async (which, mode, expected) => {
    await using other = await startPostgres({ tls: certificates[which] })
    expect(await outcome(other.port, `${mode}&sslrootcert=${certificates.ca}`)).toBe(expected)
  })

  test('use the first host that answers', async () => {
    const { values } = jdbcOptions.parse({
      url: `jdbc:postgresql://127.0.0.1:1,127.0.0.1:${plain.port}/postgres?sslmode=disable`,
      username: plain.user,
      password: plain.password,
    })
    const connection = await Connection.open(connectionSettings(values))
    expect(connection.serverVersion).toBeGreaterThan(150000)
    await connection.close()
  })

  test.each([
    [{ password: 'wrong' }, 'TARGET_AUTH', 'auth'],
    [{ password: undefined }, 'TARGET_AUTH', 'auth'],
    [{ username: 'nobody' }, 'TARGET_AUTH', 'auth'],
  ])('refuse %j with %s', async (more, code, kind) => {
    await expect(Connection.open(settings(plain.port, 'sslmode=disable', more))).rejects.toMatchObject({ code, kind })
  })

  test('say which database or host is not there', async () => {
    const wrong = { ...settings(plain.port, 'sslmode=disable'), database: 'nowhere' }
    await expect(Connection.open(wrong)).rejects.toMatchObject({ code: 'TARGET_DATABASE_MISSING' })
    await expect(Connection.open(settings(1, 'sslmode=disable'))).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: 'The target 127.0.0.1:1 cannot be reached: ECONNREFUSED.',
    })
    await expect(Connection.open(settings(5432, '', {}, 'no.such.host.invalid'))).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
    })
  })

  test('take passwords of any characters', async () => {
    const password = `p'"\\ %&@:/é🦊`
    await plain.query(`CREATE ROLE odd LOGIN PASSWORD '${password.replaceAll("'", "''")}'`)
    expect(await outcome(plain.port, 'sslmode=disable', { username: 'odd', password })).toBe(false)
  })

  test('of a server that does not answer end after socketTimeout, and idle ones do not', async () => {
    await using proxy = await startProxy(plain)
    const connection = await Connection.open(settings(proxy.port, 'sslmode=disable&socketTimeout=1'))
    expect(await connection.query('SELECT pg_sleep(0.2)')).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 1300))
    expect(await connection.query('SELECT 1')).toEqual([['1']])
    proxy.stall('up')
    const failure = await connection.query('SELECT 1').catch((cause: unknown) => cause)
    expect((failure as Error).cause ?? failure).toMatchObject({ code: 'TARGET_SILENT' })
  })

  test('pin their settings over odd ones of the role', async () => {
    await plain.query(`CREATE ROLE settings LOGIN PASSWORD 'x'; ALTER ROLE settings SET datestyle = 'German';
      ALTER ROLE settings SET timezone = 'Asia/Tokyo'; ALTER ROLE settings SET statement_timeout = '1s';
      ALTER ROLE settings SET standard_conforming_strings = off; ALTER ROLE settings SET default_transaction_isolation = 'serializable'`)
    const connection = await Connection.open(
      settings(plain.port, 'sslmode=disable', { username: 'settings', password: 'x' }),
    )
    const [row] = await connection.query(
      `SELECT current_setting('datestyle'), current_setting('timezone'), current_setting('statement_timeout'), current_setting('standard_conforming_strings'), current_setting('transaction_isolation'), current_setting('tcp_keepalives_idle')`,
    )
    expect(row).toEqual(['ISO, YMD', 'UTC', '0', 'on', 'read committed', '10'])
    await connection.close()
  })
})
