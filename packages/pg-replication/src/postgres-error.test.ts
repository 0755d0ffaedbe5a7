import { expect, test } from 'vitest'
import { pgErrorCatalogue } from './errors.ts'
import { postgresError, sqlStateOf } from './postgres-error.ts'
import { byErrno, bySqlState, byTlsCode } from './sqlstate.ts'

test('every code of the tables is in the catalogue', () => {
  for (const table of [bySqlState, byErrno, byTlsCode]) {
    for (const code of Object.values(table)) expect(pgErrorCatalogue).toHaveProperty(code)
  }
})

test('an error goes by its SQLSTATE, whatever its text and language', () => {
  const error = postgresError({ code: '53300', message: 'désolé, trop de clients' }, 'connecting')
  expect(error).toMatchObject({ code: 'TOO_MANY_CONNECTIONS', kind: 'throttled' })
  expect(sqlStateOf(error)).toBe('53300')
  expect(postgresError({ code: '40P01', message: '' }, 'x').code).toBe('DEADLOCK')
  expect(postgresError({ code: '22999', message: '' }, 'x').code).toBe('DATA_REFUSED')
  expect(postgresError({ code: 'ZZ999', message: '' }, 'x').code).toBe('SERVER_ERROR')
})

test('an error of a socket goes by its errno', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  expect(postgresError(refused, 'connecting to db:5432')).toMatchObject({
    code: 'CONNECTION_REFUSED',
    message: 'Connecting to db:5432 failed: connect ECONNREFUSED.',
  })
  expect(postgresError(Object.assign(new Error('x'), { code: 'EPIPE' }), 'x').code).toBe('CONNECTION_LOST')
})

test('values of rows do not get into an error', () => {
  const fields = {
    code: '22P02',
    message: 'invalid input syntax for type integer: "secret"',
    detail: 'Failing row contains (secret).',
    hint: 'secret',
    table: 't',
    schema: 's',
  }
  const error = postgresError(fields, 'copying')
  const cause = error.cause as Error
  expect(JSON.stringify([error.message, error.hint, error.where, cause, cause.message])).not.toContain('secret')
  expect(error.where).toEqual({ table: 's.t' })
})
