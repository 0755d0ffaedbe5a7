import { networkMatrix } from './matrix.ts'

networkMatrix('source', true)
networkMatrix('target', true)
