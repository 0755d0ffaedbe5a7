import { seedTests } from './seed-tests.ts'

seedTests(6, 10)
