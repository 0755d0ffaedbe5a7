import type { PostgresConnection } from '@cdc/servers'
import type { ConnectionOptions } from '../src/index.ts'

/** How to reach a test server as its superuser. */
export function reach(server: PostgresConnection, more: Partial<ConnectionOptions> = {}): ConnectionOptions {
  const { host, port, user, password } = server
  return { host, port, user, password, database: 'postgres', ...more }
}

/** What a promise rejects with; fails the test when it does not. */
export async function refusal(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string; kind: string }> {
  try {
    await promise
  } catch (error) {
    return error as never
  }
  throw new Error('It was not refused')
}
