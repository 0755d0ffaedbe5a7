export * from './dead-letters/index.ts'
export { errorCatalogue } from './errors.ts'
export { defaultLimits, type PipelineLimits, type PipelineLimitsInput } from './limits.ts'
export { addMetadata, type MetadataKey, metadataKeys } from './metadata.ts'
export {
  defaultDeadLetters,
  type NamedSink,
  type Pipeline,
  type PipelineConfig,
  pipeline,
  type SinkEntry,
  type Summary,
} from './pipeline.ts'
export { savedPosition } from './saved-position.ts'
export { selectTables } from './select-tables.ts'
export * from './state/index.ts'
export { type Route, routeTables, type Transform } from './transform.ts'
