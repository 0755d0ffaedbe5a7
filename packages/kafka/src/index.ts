export { kafkaConnectorError } from './errors.ts'
export { kafka } from './kafka.ts'
export { kafkaSource } from './kafka-source.ts'
