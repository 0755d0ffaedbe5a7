/** Secrets shorter than this would tear ordinary words and numbers apart. */
const shortest = 3

/**
 * A function that takes secrets out of a text: the values given, where they stand as a word of their own, the
 * passwords of URLs, and `password=` parameters. The last line of defence: nothing should put them there.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const words = secrets
    .filter((secret) => secret.length >= shortest)
    // as it stands in a JSON string too
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  const known =
    words.length === 0 ? undefined : new RegExp(`(?<![\\w])(?:${[...new Set(words)].join('|')})(?![\\w])`, 'g')
  return (text) => {
    const hidden = known === undefined ? text : text.replace(known, '******')
    return hidden.replace(/(\/\/[^\s:/@"]*:)[^\s@/"]+(@)/g, '$1******$2').replace(/(password=)[^&\s"']+/gi, '$1******')
  }
}
