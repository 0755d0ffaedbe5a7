import kafkajs, { type KafkaMessage } from 'kafkajs'

const { Kafka, logLevel } = kafkajs

/**
 * Everything in a topic that a read_committed consumer gets, by kafkajs, which shares no code with the default client:
 * a record is put at the end of each partition, and what comes before these is the answer, in the partitions' order.
 */
export async function readCommitted(bootstrapServers: string, topic: string): Promise<KafkaMessage[][]> {
  const client = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING })
  const [admin, producer] = [client.admin(), client.producer()]
  const consumer = client.consumer({ groupId: `${topic}-${Math.random()}`, maxWaitTimeInMs: 100 })
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()])
  try {
    const found = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions
    const end = `end ${Math.random()}`
    const ends = found.map(({ partitionId }) => ({ partition: partitionId, key: end, value: end }))
    await producer.send({ topic, messages: ends })
    const records: KafkaMessage[][] = found.map(() => [])
    const open = new Set(found.map(({ partitionId }) => partitionId))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) {
          if (message.key?.toString() === end) open.delete(batch.partition)
          else if (open.has(batch.partition)) records[batch.partition]!.push(message)
        }
        if (open.size === 0) resolve()
      },
    })
    const timer = setTimeout(() => reject(new Error(`Partitions ${[...open]} did not come to their end.`)), 60_000)
    await promise.finally(() => clearTimeout(timer))
    return records.map((list) => list.filter(({ key }) => !key?.toString().startsWith('end 0.')))
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()])
  }
}
