/** Returns whether a process exists: kill(2) with signal 0 sends nothing, and EPERM too means that it exists. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
