import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { javaRuntime, sharedKafka, sharedRegistry, startKafka, waitFor } from '../src/index.ts'
import { download } from '../src/kafka/download.ts'
import { listens } from '../src/kafka/java-process.ts'
import { withLock } from '../src/kafka/lock.ts'
import { indexIn, mirrorIn } from '../src/kafka/sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'cdc-download-'))
const content = Buffer.alloc(100_000, 'something to download ')
const sha256 = createHash('sha256').update(content).digest('hex')
const servers: { close(): void }[] = []

afterAll(() => {
  for (const server of servers) server.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/file`
}

describe('a download', () => {
  test('that breaks off goes on where it stopped', async () => {
    const ranges: (string | undefined)[] = []
    const url = await serve((request, response) => {
      ranges.push(request.headers.range)
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
      if (from > 0) {
        response.writeHead(206).end(content.subarray(from))
        return
      }
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 30_000))
      const arrived = () => statSync(`${place}.part`).size > 0
      void waitFor(arrived, { describe: 'the first bytes' }).finally(() => response.destroy())
    })
    const place = join(folder, 'resumed')
    await download({ url, sha256, bytes: content.length }, place)
    expect(readFileSync(place).equals(content)).toBe(true)
    expect(ranges[0]).toBeUndefined()
    expect(ranges[1]).toMatch(/^bytes=\d+-$/)
  })

  test('with another checksum is refused and not kept', async () => {
    const url = await serve((_, response) => response.end('something else'))
    const place = join(folder, 'wrong')
    await expect(download({ url, sha256 }, place)).rejects.toThrow('was expected: it is not used')
    expect([existsSync(place), existsSync(`${place}.part`)]).toEqual([false, false])
  })

  test('that cannot be reached says what to set', async () => {
    const missing = download({ url: 'http://127.0.0.1:1/x', sha256 }, join(folder, 'none'))
    await expect(missing).rejects.toThrow(/MAVEN_BASE or PIP_INDEX_URL.*CDC_TEST_KAFKA/)
  })

  test('is done by one process at a time', async () => {
    const order: string[] = []
    const lock = join(folder, 'lock')
    const work = (name: string) =>
      withLock(lock, async () => {
        order.push(`${name} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(`${name} ends`)
      })
    await Promise.all([work('a'), work('b')])
    expect(order.map((line) => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends'])
  })
})

test('mirrors of Maven and indexes of pip are taken from their own configuration', () => {
  const settings = `<settings><mirrors>
    <!-- <mirror><mirrorOf>*</mirrorOf><url>https://commented.example</url></mirror> -->
    <mirror><mirrorOf>other</mirrorOf><url>https://no.example</url></mirror>
    <mirror><mirrorOf>central,x</mirrorOf><url> https://maven.example/central/ </url></mirror></mirrors></settings>`
  expect(mirrorIn(settings)).toBe('https://maven.example/central/')
  expect(mirrorIn('')).toBeUndefined()
  expect(indexIn('[global]\nindex-url = https://pip.example/simple\n')).toBe('https://pip.example/simple')
})

describe('Kafka', () => {
  test('is one for the run, and restarts with its data on the same port', async () => {
    const [a, b] = await Promise.all([sharedKafka(), sharedKafka()])
    expect(a.bootstrapServers).toBe(b.bootstrapServers)
    expect(a.prefix()).not.toBe(b.prefix())
    const server = await startKafka()
    const port = Number(server.bootstrapServers.split(':')[1])
    const pid = server.pid
    await server.restart('SIGKILL')
    expect(server.pid).not.toBe(pid)
    expect(await listens(port)).toBe(true)
    await server.stop()
    expect(await listens(port)).toBe(false)
  })

  test('that cannot start says so with the end of its log', async () => {
    await expect(startKafka({ settings: { 'node.id': '77' } })).rejects.toThrow(/Kafka .* did not start[\s\S]*log/)
  })
})

test('the registry has Confluent’s API and compatibility BACKWARD', async () => {
  const { url } = await sharedRegistry()
  const config = await fetch(`${url}/config`)
  expect(await config.json()).toMatchObject({ compatibilityLevel: 'BACKWARD' })
})

test('a Java that is new enough is found or downloaded', async () => {
  const { version } = await javaRuntime(21)
  expect(version).toBeGreaterThanOrEqual(21)
})
