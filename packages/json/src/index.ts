export { error, errorCatalogue } from './errors.ts'
export { json } from './json.ts'
export { jsonOptions } from './options.ts'
