import { seedTests } from './seed-tests.ts'

seedTests(21, 25)
