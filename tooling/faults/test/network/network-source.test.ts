import { networkMatrix } from './matrix.ts'

networkMatrix('source')
