export { error } from './errors.ts'
export { jdbc } from './jdbc.ts'
export { jdbcOptions } from './options.ts'
