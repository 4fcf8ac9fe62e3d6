import { isMainThread } from 'node:worker_threads';

// Loaded (`node --import`) into every process that these tests start: its channel to the test closes when the test ends, however that
// ends, and then the process ends too. Nothing is left behind, and there is no process in between that a kill could hit instead.

if (isMainThread && process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}
