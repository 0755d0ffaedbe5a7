import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { sharedServer, stopSharedServers } from './kafka/shared-kafka.ts'
import { PostgresConnection, type PostgresServer, type ServerAddress } from './postgres-server.ts'
import { startPostgres } from './start-postgres.ts'
import type { PostgresVersion } from './versions.ts'

/** Set by the test run's main process: where workers ask for the shared servers. */
const address = 'CDC_SHARED_SERVERS'

const own = new Map<PostgresVersion, Promise<PostgresServer>>()

/**
 * The server of this version that all test files of a run share, started when first asked for. Make a database for
 * yourself in it, name slots after that, drop them, and leave settings and the process alone. Outside a test run it
 * belongs to this process.
 */
export async function sharedPostgres(version: PostgresVersion = 15): Promise<PostgresConnection> {
  const place = process.env[address]
  if (place === undefined) return startOnce(version)
  const answer = await fetch(`${place}/${version}`)
  const body = await answer.text()
  if (!answer.ok) throw new Error(body)
  return new PostgresConnection(JSON.parse(body) as ServerAddress)
}

/** Starts the coordinator of a test run in its main process. The result stops it and all servers. */
export async function shareServers(): Promise<() => Promise<void>> {
  const server = createServer(async (request, response) => {
    try {
      const other = await sharedServer(request.url?.slice(1) ?? '')
      if (other !== undefined) {
        response.end(JSON.stringify(other))
        return
      }
      const { version, port, dataDir, pid } = await startOnce(Number(request.url?.slice(1)) as PostgresVersion)
      response.end(JSON.stringify({ version, port, dataDir, pid } satisfies ServerAddress))
    } catch (error) {
      response.statusCode = 500
      response.end(error instanceof Error ? error.message : String(error))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env[address] = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return () => stopSharing(server)
}

async function stopSharing(server: Server): Promise<void> {
  delete process.env[address]
  server.closeAllConnections()
  server.close()
  await stopSharedServers()
  const started = await Promise.allSettled(own.values())
  own.clear()
  await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)))
}

function startOnce(version: PostgresVersion): Promise<PostgresServer> {
  let server = own.get(version)
  if (server === undefined) {
    server = startPostgres({ version })
    own.set(version, server)
  }
  return server
}
