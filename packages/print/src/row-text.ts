import type { Cell, DataType, Row, RowKind, Table } from '@cdc/core'
import {
  bigDecimalText,
  dateText,
  doubleText,
  floatText,
  instantText,
  localDateTimeText,
  localTimeText,
} from './java-text.ts'

export type RowPrinter = (kind: RowKind, row: Row) => string
type CellText = (cell: Exclude<Cell, null | undefined>) => string

/** What stands for a cell that the source did not send: neither NULL nor a value. Flink has no such cells. */
const unsent = '<unsent>'

/** Gives a row as Flink's `Row.toString` does: `+I[1, abc, null]`. Texts are not quoted. Compiled once a shape. */
export function rowPrinter(table: Pick<Table, 'columns'>): RowPrinter {
  const texts = table.columns.map(({ type }) => cellText(type))
  return (kind, row) => {
    let line = ''
    for (let i = 0; i < row.length; i++) line += `${i === 0 ? '' : ', '}${textOf(row[i], texts[i]!)}`
    return `${kind}[${line}]`
  }
}

function textOf(cell: Cell, text: CellText): string {
  if (cell === null) return 'null'
  return cell === undefined ? unsent : text(cell)
}

/**
 * How Java prints what Flink's internal values become on their way out: LocalDate, LocalTime, LocalDateTime,
 * Instant, BigDecimal, Double, byte[]. Types that Flink does not have are printed as their canonical text.
 */
function cellText(type: DataType): CellText {
  switch (type.kind) {
    case 'float32':
      return (cell) => floatText(cell as number)
    case 'float64':
      return (cell) => doubleText(cell as number)
    case 'decimal':
      return (cell) => bigDecimalText(cell as string)
    case 'bytes':
      return (cell) => `[${new Int8Array(cell as Uint8Array).join(', ')}]`
    case 'date':
      return (cell) => dateText(cell as string)
    case 'time':
      return (cell) => localTimeText(cell as string)
    case 'timestamp':
      return (cell) => localDateTimeText(cell as string)
    case 'timestamptz':
      return (cell) => instantText(cell as string)
    case 'array':
      return arrayText(type.element)
    default:
      return String
  }
}

function arrayText(element: DataType): CellText {
  const text = cellText(element)
  const print: CellText = (cell) =>
    // a nested dimension is an array of the same element type; a text is an array with other bounds
    Array.isArray(cell)
      ? `[${cell.map((one) => textOf(one, Array.isArray(one) ? print : text)).join(', ')}]`
      : String(cell)
  return print
}
