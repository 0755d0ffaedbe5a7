import { Refusal } from './refusal.ts'

/** A connector's name in every form that its code has. */
export interface Names {
  readonly kebab: string
  readonly camel: string
  /** What the templates have in its place, and what it is. */
  readonly places: Readonly<Record<string, string>>
}

/** Throws a `Refusal` for what cannot name a connector. */
export function namesOf(written: string): Names {
  const kebab = written.replace(/^cdc-/, '')
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kebab) || kebab.length > 40)
    throw new Refusal(
      `'${written}' cannot name a connector.`,
      'Use lower case letters, digits and single dashes, beginning with a letter, at most 40: my-source.',
    )
  const words = kebab.split('-')
  const camel = words.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('')
  const places = { 'new-connector': kebab, newConnector: camel, NEW_CONNECTOR: words.join('_').toUpperCase() }
  return { kebab, camel, places }
}

const reserved = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof var void while with yield`.split(/\s+/),
)

/** The connector is exported under its name and has a file of it: neither may mean something else in the templates. */
export function refuseClash({ kebab, camel }: Names, code: ReadonlyMap<string, string>): void {
  const file = `src/${kebab}.ts`
  const word = new RegExp(`\\b${camel}\\b`)
  const inCode = [...code.values()].some((text) => word.test(text))
  if (!reserved.has(camel) && !inCode && ![...code.keys()].some((path) => path.replaceAll('\\', '/') === file)) return
  throw new Refusal(`'${kebab}' means something else in the code of a connector.`, `Take a longer name: acme-${kebab}.`)
}
