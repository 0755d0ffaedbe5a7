export { deadLetterPath, readDeadLetters, removeDeadLetters } from './dead-letter-file.ts'
export { deadLetterError } from './errors.ts'
export { type DeadLetter, encodeLetter, type Rejectable } from './letter.ts'
export { type Replayed, type ReplaySetup, replayDeadLetters } from './replay.ts'
