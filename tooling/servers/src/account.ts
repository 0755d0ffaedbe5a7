import { execFileSync } from 'node:child_process'

/** Who the server runs as: PostgreSQL refuses root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

let account: Account | undefined

/** `nobody` when this process is root, else undefined: the server then runs as who we are. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  account ??= nobody()
  return account
}

function nobody(): Account {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  try {
    return { uid: id('-u'), gid: id('-g') }
  } catch (cause) {
    throw new Error(
      "PostgreSQL refuses to run as root, and there is no account 'nobody' to run it as. Add one (useradd nobody) or run the tests as an ordinary user.",
      { cause },
    )
  }
}
