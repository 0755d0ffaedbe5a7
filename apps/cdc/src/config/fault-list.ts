import { nearest } from '@cdc/core'
import type { Problem, ProblemCode, Spot } from './problem.ts'
import type { Entry, MapTree, Tree } from './tree.ts'

/** Gathers the mistakes of a file while it is read, so that all come in one report. */
export class FaultList {
  readonly problems: Problem[] = []

  add(code: ProblemCode, spot: Spot, message: string, hint?: string): undefined {
    this.problems.push({ code, spot, message, ...(hint === undefined ? {} : { hint }) })
    return undefined
  }

  /** A text that is not empty; numbers and truth values as they were written. */
  text(tree: Tree, what: string): string | undefined {
    if (tree.kind === 'scalar' && tree.value !== null && tree.value !== '') return String(tree.value)
    const given = tree.kind === 'scalar' ? 'has no value' : `must be a text, not a ${shapes[tree.kind]}`
    return this.add('INVALID_VALUE', tree.spot, `'${what}' ${given}.`)
  }

  map(tree: Tree, what: string, example: string): MapTree | undefined {
    if (tree.kind === 'map') return tree
    const given = tree.kind === 'list' ? 'a list' : tree.value === null ? 'empty' : 'a text'
    return this.add(
      'INVALID_VALUE',
      tree.spot,
      `${what === 'The file' ? what : `'${what}'`} must be a mapping of keys, but is ${given}.`,
      example,
    )
  }

  /** One text or a list of them. */
  texts(tree: Tree, what: string): { text: string; spot: Spot }[] {
    const items = tree.kind === 'list' ? tree.items : [tree]
    if (items.length === 0) this.add('INVALID_VALUE', tree.spot, `'${what}' is an empty list.`)
    return items.flatMap((item) => {
      const text = this.text(item, what)
      return text === undefined ? [] : [{ text, spot: item.spot }]
    })
  }

  unknownKeys(map: MapTree, known: readonly string[], where: string): void {
    for (const [key, { key: spot }] of map.entries) {
      if (known.includes(key)) continue
      const near = nearest(key, known)
      const hint = near === undefined ? `Known keys: ${known.join(', ')}.` : `Did you mean '${near}'?`
      this.add('UNKNOWN_KEY', spot, `Key '${key}' is unknown ${where}.`, hint)
    }
  }
}

const shapes = { list: 'list', map: 'mapping' }

/** The entry of a key, if it is there. */
export function entry(map: MapTree, key: string): Entry | undefined {
  return map.entries.get(key)
}
