import { LawBroken, type Runner } from '../../src/index.ts'

/** A runner in the process: collects the cases of a suite and runs them one after the other. */
export class Collector implements Runner {
  readonly #cases: { readonly name: string; readonly body: () => Promise<void> }[] = []

  describe(_name: string, body: () => void): void {
    body()
  }

  test(name: string, body: () => Promise<void>): void {
    this.#cases.push({ name, body })
  }

  /** The failures of all cases, each with the name of its law. */
  async run(): Promise<{ readonly law: string; readonly error: LawBroken; readonly name: string }[]> {
    const failures: { law: string; error: LawBroken; name: string }[] = []
    for (const { name, body } of this.#cases) {
      try {
        await body()
      } catch (error) {
        if (!(error instanceof LawBroken)) throw error
        failures.push({ law: error.law, error, name })
      }
    }
    return failures
  }
}

/** The laws that a suite finds broken, each once, in alphabetical order, with what was seen. */
export async function brokenLaws(suite: (runner: Runner) => void): Promise<ReadonlyMap<string, LawBroken>> {
  const collector = new Collector()
  suite(collector)
  const failures = await collector.run()
  return new Map(failures.toSorted((a, b) => (a.law < b.law ? -1 : 1)).map(({ law, error }) => [law, error]))
}
