export { csv } from './csv.ts'
export { error, errorCatalogue } from './errors.ts'
