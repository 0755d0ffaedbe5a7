import { type Batch, silentLogger } from '@cdc/core'
import { memoryFormat, tableOf } from '@cdc/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Service } from './service.ts'
import { webhook } from './webhook.ts'

const table = tableOf('items', { id: { kind: 'int32' } }, ['id'])
const transaction = { connector: 'test', database: 'd', commitTime: 0n, commit: 1n }
const origin = { transaction, offset: 1n, order: 0 }
const changes = [{ kind: 'schema', table, origin } as const, { kind: 'insert', table, after: [1], origin } as const]
const batch: Batch = { changes, position: '1', bytes: 10 }
const context = { pipeline: 'p', sink: 'hook', logger: silentLogger, report() {}, describePosition: String }
const format = memoryFormat({})
const { signal } = new AbortController()
let service: Service

beforeEach(async () => {
  service = await Service.start([table], format)
})
afterEach(() => service.stop())

const post = (more: object = {}) =>
  webhook({ url: service.url, format, ...more })
    .create(context)
    .write(batch, signal)

test('posts records with the token', async () => {
  await post({ token: 'secret' })
  expect(service.rows(table)).toEqual([[1]])
  expect(service.headers).toEqual(['Bearer secret'])
})

test.for([
  [429, 'WEBHOOK_UNREACHABLE', 'connection'],
  [500, 'WEBHOOK_UNREACHABLE', 'connection'],
  [302, 'WEBHOOK_REFUSED', 'config'],
  [401, 'WEBHOOK_REFUSED', 'config'],
] as const)('status %i is %s', async ([status, code, kind]) => {
  service.status = status
  await expect(post({ token: 'secret' })).rejects.toMatchObject({
    code,
    kind,
    message: `The service answered ${status}.`,
  })
})

test('a service that does not answer in time is unreachable', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  service.gate = promise
  await expect(post({ timeout: '20ms' })).rejects.toMatchObject({ code: 'WEBHOOK_UNREACHABLE' })
  resolve()
})
