import { CdcError, type ErrorKind, type Row } from '@cdc/core'
import { rowKey } from '../cell.ts'

/** Fails with `seen` unless the condition holds. */
export function that(condition: boolean, seen: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof seen === 'string' ? seen : seen())
}

/** Both are JSON-like values or texts. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [a, e] = [text(actual), text(expected)]
  that(a === e, `${what} is ${a} instead of ${e}.`)
}

const text = (value: unknown) =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one)) ?? 'undefined'

/** The same rows, as often, in any order. */
export function sameRows(actual: readonly Row[], expected: readonly Row[], where: string): void {
  const missing = new Map<string, number>()
  for (const key of expected.map(rowKey)) missing.set(key, (missing.get(key) ?? 0) + 1)
  const extra: string[] = []
  for (const key of actual.map(rowKey)) {
    const left = missing.get(key) ?? 0
    if (left === 0) extra.push(key)
    else if (left === 1) missing.delete(key)
    else missing.set(key, left - 1)
  }
  if (missing.size === 0 && extra.length === 0) return
  const counts = `${where} has ${actual.length} rows instead of ${expected.length}`
  throw new Error(`${counts}; missing: ${some([...missing.keys()])}; too many: ${some(extra)}`)
}

function some(rows: readonly string[]): string {
  if (rows.length === 0) return 'none'
  const first = rows.slice(0, 3).map((row) => (row.length > 300 ? `${row.slice(0, 300)}...` : row))
  return `(${first.join(') (')})${rows.length > 3 ? ` and ${rows.length - 3} more` : ''}`
}

/** The promise's result, or a failure when it takes longer than `deadline` milliseconds. */
export async function soon<T>(promise: Promise<T>, deadline: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what} was not done after ${deadline} ms.`)), deadline)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** How it was rejected, or undefined. */
export async function failure(promise: Promise<unknown>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    return { error }
  }
}

/** Is it a coded error of one of these kinds? Fails when it is not. */
export function ofKind(error: unknown, kinds: readonly ErrorKind[], what: string): void {
  that(CdcError.is(error), () => `${what} failed without a code: ${error instanceof Error ? error.message : error}`)
  that(
    kinds.includes(error.kind),
    `${what} failed with ${error.code} of kind ${error.kind} instead of ${kinds.join(' or ')}.`,
  )
}
