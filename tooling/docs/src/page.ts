/** A generated file: where it is and what it should hold. */
export interface Page {
  /** Relative to the workspace's root. */
  readonly path: string
  readonly text: string
}

/** What keeps a page from being generated: the file and what to do. */
export class PageError extends Error {}
