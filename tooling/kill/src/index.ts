export { type Plan, planOf } from './plan.ts'
export { runSeed, type SeedResult } from './run-seed.ts'
