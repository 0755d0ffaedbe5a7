export { newConnector } from './new-connector.ts'
