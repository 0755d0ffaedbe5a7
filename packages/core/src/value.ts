/**
 * One cell of a row in its canonical form. The form depends on the column's `DataType` alone, so a snapshot and
 * the stream give the same value for the same stored bytes. `docs/04-types.md` has the whole table.
 */
export type Value = boolean | number | bigint | string | Uint8Array | readonly Cell[]

/**
 * `null` is SQL NULL. `undefined` means that the server did not send the cell (an unchanged TOAST value, a column
 * outside the replica identity). A sink never turns `undefined` into NULL or into a default.
 */
export type Cell = Value | null | undefined

/** Cells in the order of `table.columns`. */
export type Row = readonly Cell[]

/** The logical type of a column: it decides the canonical form of its cells. */
export type DataType =
  /** cell: boolean */
  | { readonly kind: 'boolean' }
  /** cell: number */
  | { readonly kind: 'int16' | 'int32' }
  /** cell: bigint */
  | { readonly kind: 'int64' }
  /** cell: number, with NaN, Infinity, -Infinity and -0 */
  | { readonly kind: 'float32' | 'float64' }
  /** cell: string as the server prints it, trailing zeros included; also `NaN`, `Infinity`, `-Infinity` */
  | { readonly kind: 'decimal'; readonly precision?: number; readonly scale?: number }
  /** cell: string; `fixed` is char(n), blank padded */
  | { readonly kind: 'string'; readonly length?: number; readonly fixed?: boolean }
  /** cell: Uint8Array */
  | { readonly kind: 'bytes'; readonly length?: number }
  /** cell: string, lower case with dashes */
  | { readonly kind: 'uuid' }
  /** cell: string, the document's text untouched (never parsed: its numbers may not fit a double) */
  | { readonly kind: 'json' }
  /** cell: string */
  | { readonly kind: 'xml' }
  /** cell: ISO text, `2024-02-29`; also `infinity`, `-infinity` and the suffix ` BC` */
  | { readonly kind: 'date' }
  /** cell: `10:34:56.789012`, up to `24:00:00` */
  | { readonly kind: 'time'; readonly precision?: number }
  /** cell: `10:34:56.789012+02:30` */
  | { readonly kind: 'timetz'; readonly precision?: number }
  /** cell: `2024-02-29 10:34:56.789012` */
  | { readonly kind: 'timestamp'; readonly precision?: number }
  /** cell: `2024-02-29 10:34:56.789012+00`, always in UTC */
  | { readonly kind: 'timestamptz'; readonly precision?: number }
  /** cell: string in PostgreSQL's `postgres` interval style, `1 year 2 mons 3 days 04:05:06` */
  | { readonly kind: 'interval' }
  /** cell: string, the label. `labels` is advisory, in order of declaration */
  | { readonly kind: 'enum'; readonly labels?: readonly string[] }
  /**
   * cell: array of the element's cells, nested for more than one dimension. An array whose lower bounds are not 1
   * keeps the server's text (`[0:1]={a,b}`) as a string, since nothing else would bring it back.
   */
  | { readonly kind: 'array'; readonly element: DataType }
  /** cell: the server's text. The column's `native` says which type it is (money, inet, int4range, point, ...) */
  | { readonly kind: 'other' }
