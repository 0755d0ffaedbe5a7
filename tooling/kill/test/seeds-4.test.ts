import { seedTests } from './seed-tests.ts'

seedTests(16, 20)
