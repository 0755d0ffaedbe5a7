/** Texts of cells, for formats of text that look like Flink's. No promise beyond this repository. */

export { uuidCell } from './decode/cell-reader.ts'
export { Fault } from './decode/fault.ts'
export { decimalCell, floatCell, int64Cell, smallIntCell } from './decode/number-cells.ts'
export { dateCell, timeCell, timestampCell, timestamptzCell, timetzCell } from './decode/time-cells.ts'
export { Tolerance } from './decode/tolerance.ts'
export { doubleText, floatText, javaDecimalText, plainDecimalText } from './encode/number-text.ts'
