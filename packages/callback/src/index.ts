export { callback } from './callback.ts'
export { positionConflict } from './errors.ts'
export type { OnBatch, OnClose, OnFlush, OnOpen, ReadPosition, Retriable } from './options.ts'
