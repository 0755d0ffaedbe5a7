export { blackhole } from './blackhole.ts'
