export { datagen } from './datagen.ts'
