export { type DirectoryStateOptions, directoryState, type StateWarning } from './directory-state.ts'
export { stateError, stateErrorCatalogue } from './errors.ts'
export { memoryState } from './memory-state.ts'
