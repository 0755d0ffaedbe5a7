import { type FileHandle, open } from 'node:fs/promises'
import { error } from './errors.ts'
import type { Values } from './options.ts'

/** FILL IN: the client of your system. Here it is a file that lines are added to. */
export class Target {
  readonly #path: string
  #file: FileHandle | undefined

  constructor({ path }: Values) {
    this.#path = path
  }

  /** Connects, and checks what can be checked before the first row. */
  async open(): Promise<void> {
    this.#file = await this.#coded(() => open(this.#path, 'a'))
  }

  /** Takes lines; they need not be durable yet. */
  async append(lines: string): Promise<void> {
    await this.#coded(() => this.#file?.appendFile(lines))
  }

  /** When it resolves, everything that was added survives a crash of the machine. */
  async sync(): Promise<void> {
    await this.#coded(() => this.#file?.sync())
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  /** What the system throws, as an error with a code of ours. */
  async #coded<T>(call: () => T | Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (cause) {
      const code = String((cause as NodeJS.ErrnoException).code)
      const refused = ['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOENT', 'ENOSPC'].includes(code)
      const message = `Cannot write to ${this.#path}: ${code}.`
      if (refused) throw error('NEW_CONNECTOR_REFUSED', { message, cause })
      throw error('NEW_CONNECTOR_UNREACHABLE', { message, cause })
    }
  }
}
