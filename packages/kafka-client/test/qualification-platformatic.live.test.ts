import { describe } from 'vitest'
import { qualify } from './qualification.ts'

describe('the adapter over platformatic', () => {
  qualify('platformatic')
})
