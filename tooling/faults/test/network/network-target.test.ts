import { networkMatrix } from './matrix.ts'

networkMatrix('target')
