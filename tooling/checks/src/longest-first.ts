import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where files take longest: begun last, one of them would keep a single worker busy when all others are done. */
const long = ['tooling/kill/', 'tooling/memory/', 'tooling/faults/', '.live.test.ts', 'conformance']

/** The order of the files where nothing is known of earlier runs, as in a fresh clone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((part) => moduleId.includes(part))
      return at < 0 ? long.length : at
    }
    return files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId))
  }
}
