import { networkMatrix } from './matrix.ts'

networkMatrix('state')
