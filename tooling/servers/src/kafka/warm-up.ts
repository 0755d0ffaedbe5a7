import { waitFor } from '../wait-for.ts'

/**
 * One empty transaction and one look at a group's offsets. The first of each on a new broker makes an internal topic,
 * and is answered COORDINATOR_NOT_AVAILABLE until it is there.
 */
export async function warmUp(bootstrapServers: string): Promise<void> {
  const { Kafka, logLevel } = (await import('kafkajs')).default
  const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING, retry: { retries: 1 } })
  const admin = client.admin()
  const producer = client.producer({ transactionalId: 'warm-up', maxInFlightRequests: 1, idempotent: true })
  try {
    await admin.connect()
    await producer.connect()
    await waitFor(() => admin.fetchOffsets({ groupId: 'warm-up', topics: [] }), {
      timeout: 60_000,
      describe: "the groups' coordinator",
    })
    const transaction = await waitFor(() => producer.transaction(), {
      timeout: 60_000,
      describe: "the transactions' coordinator",
    })
    await transaction.abort()
  } finally {
    await Promise.allSettled([admin.disconnect(), producer.disconnect()])
  }
}
