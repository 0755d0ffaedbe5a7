import { shareServers } from './shared-postgres.ts'

/** For vitest's `globalSetup`: shared servers for the run, stopped at its end. */
export default async function setup(): Promise<() => Promise<void>> {
  return shareServers()
}
