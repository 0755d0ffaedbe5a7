import { seedTests } from './seed-tests.ts'

seedTests(36, 40)
