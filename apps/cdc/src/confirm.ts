import { createInterface } from 'node:readline/promises'
import { error } from './errors.ts'
import type { Session } from './session.ts'

/** Asks on a terminal; elsewhere throws CONFIRMATION_NEEDED unless `yes` was given. */
export async function confirm(question: string, yes: boolean, session: Session): Promise<boolean> {
  if (yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw error('CONFIRMATION_NEEDED', {
      message: `Nobody can be asked here: ${question}`,
      hint: 'To do it, add --yes.',
    })
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C and Ctrl-D are a no
  const closed = new Promise<string>((resolve) => asking.once('close', () => resolve('')))
  const answer = await Promise.race([asking.question(`${question} [y/N] `), closed])
  asking.close()
  const agreed = /^y(es)?$/i.test(answer.trim())
  if (!agreed) session.note('Nothing was changed.')
  return agreed
}
