import { seedTests } from './seed-tests.ts'

seedTests(26, 30)
