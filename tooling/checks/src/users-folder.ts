/** With `node --import`: goes to where the user was, since a script of the workspace starts in the workspace's root. */
const folder = process.env.INIT_CWD
if (folder !== undefined) process.chdir(folder)
