/** redlock on one Redis: locks are all it has. See `cluster/target.ts`. */
import Redis from 'ioredis';
import Redlock from 'redlock';

const TIMEOUT_MS = 10_000;

/** Its one server, whichever process this is. */
export async function open({ id, servers }) {
  const [host, port] = Object.values(servers)[0].split(':');
  const client = new Redis(Number(port), host);
  const redlock = new Redlock([client]);
  return {
    async prepare() {
      await client.ping();
    },
    async lock(worker) {
      const lock = await redlock.lock(`bench-locks/${id}/${worker}`, TIMEOUT_MS);
      await lock.unlock();
    },
    async close() {
      client.disconnect();
    },
  };
}
