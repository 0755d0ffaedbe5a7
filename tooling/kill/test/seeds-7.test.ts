import { seedTests } from './seed-tests.ts'

seedTests(31, 35)
