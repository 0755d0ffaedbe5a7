const places = new WeakMap<object, number>()

export function noteRecord(error: object, place: number): void {
  places.set(error, place)
}

/**
 * Which record of a `send` an error is about, by its place in the array: for an error of one record
 * (KAFKA_RECORD_TOO_LARGE). The connector knows its table and key columns; the error has no values.
 */
export function recordAtFault(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null ? places.get(error) : undefined
}
