export { type PostgresStateOptions, postgresState } from './postgres-state.ts'
