import type { Column } from '@cdc/core'
import type { Codec } from './codec.ts'

const literal = /^(E?)'((?:[^']|'')*)'(?:::.+)?$/s
const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i

/**
 * The default of a column as JSON, as Debezium has it in schemas: a constant by its value, anything that is computed by
 * the zero of its type. undefined: none, or a type whose defaults it does not read (domains among them).
 */
export function defaultText({ default: expression, base }: Column, codec: Codec): string | undefined {
  if (expression === undefined || base !== undefined || codec.parse === undefined) return undefined
  if (/^NULL(?:::.+)?$/i.test(expression)) return undefined
  const constant = constantText(expression)
  return constant === undefined ? codec.zero : codec.write(codec.parse(constant))
}

function constantText(expression: string): string | undefined {
  if (number.test(expression) || expression === 'true' || expression === 'false') return expression
  const match = literal.exec(expression.replace(/^B'/, "'"))
  if (match === null) return undefined
  const text = match[2]!.replaceAll("''", "'")
  return match[1] === 'E' ? text.replaceAll('\\\\', '\\') : text
}
