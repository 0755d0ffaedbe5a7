import type { Cell } from '@cdc/core'

/**
 * The elements of an array that came as the server's text because its lower bounds are not 1: `[0:1]={5,6}`. Only one
 * dimension; undefined for more. `element` reads one element's text.
 */
export function boundedElements(text: string, element: (text: string) => Cell): readonly Cell[] | undefined {
  const open = text.indexOf('={')
  if (!/^\[-?\d+:-?\d+\]=\{/.test(text) || !text.endsWith('}')) return undefined
  const body = text.slice(open + 2, -1)
  const cells: Cell[] = []
  for (const [, quote, plain] of body.matchAll(/(?:^|,)(?:"((?:[^"\\]|\\.)*)"|([^,"]*))/gs))
    cells.push(
      quote !== undefined ? element(quote.replace(/\\(.)/gs, '$1')) : plain === 'NULL' ? null : element(plain!),
    )
  return cells
}
