export { debeziumJson } from './debezium-json.ts'
export { topicName } from './names.ts'
