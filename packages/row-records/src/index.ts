export { nowhere, type RowReaders, rowDecoder } from './row-decoder.ts'
export { appendEncoder, keyEncoder, type RowFaults, type RowWriters, record, upsertEncoder } from './row-encoders.ts'
export { truncated } from './truncated.ts'
