/** A login module of `sasl.jaas.config`, and its options. */
export interface JaasLogin {
  readonly module: string
  readonly options: ReadonlyMap<string, string>
}

/**
 * Parses `module flag name="value" ...;` as Java's `JaasConfig` does: values may be quoted, with a backslash before a
 * quote or a backslash. Undefined when it is none. Never put its text into an error: it has a password.
 */
export function parseJaas(text: string): JaasLogin | undefined {
  const head = /^\s*([\w.$]+)\s+(required|requisite|sufficient|optional)\b/i.exec(text)
  if (head === null) return undefined
  const options = new Map<string, string>()
  const option = /\s+([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))/gy
  option.lastIndex = head[0].length
  let end = option.lastIndex
  for (let found = option.exec(text); found !== null; found = option.exec(text)) {
    const quoted = found[2] ?? found[3]
    options.set(found[1]!, quoted === undefined ? found[4]! : quoted.replace(/\\(.)/g, '$1'))
    end = option.lastIndex
  }
  return /^\s*;?\s*$/.test(text.slice(end)) ? { module: head[1]!, options } : undefined
}
