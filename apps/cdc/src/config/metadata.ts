import { nearest } from '@cdc/core'
import { type MetadataKey, metadataKeys } from '@cdc/runtime'
import type { FaultList } from './fault-list.ts'
import type { Spot } from './problem.ts'
import type { Tree } from './tree.ts'

export type WrittenMetadata = Readonly<Record<string, MetadataKey>>

/** Reads `metadata`: a list of keys, or a mapping from the new column's name to the key of what it holds. */
export function readMetadata(tree: Tree, faults: FaultList): WrittenMetadata {
  const columns: Record<string, MetadataKey> = Object.create(null)
  const add = (name: string, written: string, spot: Spot) => {
    const key = metadataKeys.find((one) => one === written.toLowerCase())
    if (key !== undefined) columns[name] = key
    else {
      const near = nearest(written, metadataKeys)
      const hint = `${near === undefined ? '' : `Did you mean '${near}'? `}There are: ${metadataKeys.join(', ')}.`
      faults.add('INVALID_VALUE', spot, `There is no metadata '${written}'.`, hint)
    }
  }
  if (tree.kind === 'map') {
    for (const [name, { value }] of tree.entries) {
      const key = faults.text(value, name)
      if (key !== undefined) add(name, key, value.spot)
    }
  } else for (const { text, spot } of faults.texts(tree, 'metadata')) add(text, text, spot)
  return columns
}
