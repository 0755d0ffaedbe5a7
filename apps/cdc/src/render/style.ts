import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it as it is. */
export type Paint = (format: Format, text: string) => string

export const noPaint: Paint = (_format, text) => text

/** Colours where a person looks, and neither --no-color nor NO_COLOR (https://no-color.org) says otherwise. */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  wanted: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const plain = !wanted || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
  const forced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0'
  if (plain || (stream.isTTY !== true && !forced)) return noPaint
  return (format, text) => styleText(format, text, { validateStream: false })
}
