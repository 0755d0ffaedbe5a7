import { seedTests } from './seed-tests.ts'

seedTests(11, 15)
