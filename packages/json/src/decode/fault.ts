/** A value that does not fit its column. `message` says what was wanted, and nothing of what is there. */
export class Fault extends Error {}
