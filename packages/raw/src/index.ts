export { error, errorCatalogue } from './errors.ts'
export { raw } from './raw.ts'
