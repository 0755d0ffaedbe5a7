export { type PrintOutputs, print, printTo } from './print.ts'
export { rowPrinter } from './row-text.ts'
