export { upsertKafkaError } from './errors.ts'
export { upsertKafka } from './upsert-kafka.ts'
