import kafkajs, { type IHeaders } from 'kafkajs'

const { Kafka, logLevel } = kafkajs

export interface OtherRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: IHeaders | undefined
}

/** Reads `count` records of topics with kafkajs itself: a client that shares no code with the default adapter. */
export async function readWithOther(
  bootstrapServers: string,
  topics: string | readonly string[],
  count: number,
): Promise<OtherRecord[]> {
  const [topic, ...more] = [topics].flat()
  const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  const consumer = client.consumer({ groupId: `${topic}-other-${Math.random()}`, maxWaitTimeInMs: 100 })
  const records: OtherRecord[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic!, ...more], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, resolveOffset }) => {
      for (const { key, value, headers, offset } of batch.messages)
        records.push({ topic: batch.topic, partition: batch.partition, offset: BigInt(offset), key, value, headers })
      resolveOffset(batch.lastOffset())
      if (records.length >= count) resolve()
    },
  })
  const timer = setTimeout(() => reject(new Error(`${records.length} of ${count} records`)), 60_000)
  await promise.finally(() => clearTimeout(timer))
  await consumer.disconnect()
  return records
}

/** An access control list entry that allows. */
export async function allow(
  bootstrapServers: string,
  user: string,
  resource: 'topic' | 'group' | 'transaction',
  name: string,
): Promise<void> {
  const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
  const types = {
    topic: AclResourceTypes.TOPIC,
    group: AclResourceTypes.GROUP,
    transaction: AclResourceTypes.TRANSACTIONAL_ID,
  }
  const admin = client.admin()
  await admin.connect()
  await admin.createAcls({
    acl: [
      {
        resourceType: types[resource],
        resourceName: name,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: `User:${user}`,
        host: '*',
        operation: AclOperationTypes.ALL,
        permissionType: AclPermissionTypes.ALLOW,
      },
    ],
  })
  await admin.disconnect()
}
