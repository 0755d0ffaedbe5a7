export { upsertKafkaError } from './errors.ts'
export { upsertKafka } from './upsert-kafka.ts'
export { upsertKafkaSource } from './upsert-kafka-source.ts'
