/**
 * The bare name of a type as format_type prints it: `bit varying` of `bit varying(5)`, `hstore` of `public.hstore`,
 * `T` of `"S"."T"`. What is in parentheses is the modifier.
 */
export function bareName(native: string): string {
  const plain = native.replace(/\([^()"]*\)/, '')
  const last = /(?:^|\.)("(?:[^"]|"")*"|[^."]*)$/.exec(plain)?.[1] ?? plain
  return last.startsWith('"') ? last.slice(1, -1).replaceAll('""', '"') : last
}

/** The number in parentheses; undefined: none. */
export function modifier(native: string): number | undefined {
  const found = /\((\d+)\)/.exec(native)
  return found === null ? undefined : Number(found[1])
}

/** Is it in a schema of a user's? Built-in types are printed without. */
export function isQualified(native: string): boolean {
  return native.includes('.')
}
