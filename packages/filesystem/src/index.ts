export { filesystem } from './filesystem.ts'
export { filesystemSource } from './filesystem-source.ts'
