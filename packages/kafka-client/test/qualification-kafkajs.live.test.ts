import { describe } from 'vitest'
import { qualify } from './qualification.ts'

describe('the adapter over kafkajs', () => {
  qualify('kafkajs')
})
