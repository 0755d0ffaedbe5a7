export { kafkaConnectorError } from './errors.ts'
export { kafka } from './kafka.ts'
