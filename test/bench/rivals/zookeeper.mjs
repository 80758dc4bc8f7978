/** node-zookeeper-client, as an author of a Node service would use it. See `cluster/target.ts`. */
import zookeeper from 'node-zookeeper-client';

const DATA = Buffer.from('x'.repeat(100));
const SHARED = '/bench/shared';

/** Calls back in Node's way; 20 ms between attempts to connect, instead of its default of a second. */
function connect(servers) {
  const client = zookeeper.createClient(servers, {
    sessionTimeout: 30_000,
    spinDelay: 20,
    retries: 0,
  });
  return new Promise((resolve) => {
    client.once('connected', () => resolve(client));
    client.connect();
  });
}

function call(work) {
  return new Promise((resolve, reject) => {
    work((error, result) => (error ? reject(error) : resolve(result)));
  });
}

/**
 * Each process keeps to its own server, as it keeps to its own peer in quorate. Given all three, the
 * library may try a frozen one, whose kernel still accepts connections, and wait there for ever.
 */
export async function open({ id, servers }) {
  const own = servers[id];
  const client = await connect(own);
  const paths = [];
  const folders = new Set();
  const mode = zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL;
  const extra = [];
  // Its watches are one-shot: set again after each event.
  const arming = [];
  const path = (key) => paths[key % paths.length];
  const watchOnce = (session, event) =>
    call((done) =>
      session.getData(
        SHARED,
        () => {
          event();
          arming.push(watchOnce(session, event));
        },
        done,
      ),
    );
  return {
    async prepare(keys) {
      await call((done) => client.mkdirp(`/bench/${id}`, done));
      await call((done) => client.mkdirp(SHARED, done));
      while (paths.length < keys) {
        const some = Array.from(
          { length: Math.min(1_000, keys - paths.length) },
          (_, at) => `/bench/${id}/${paths.length + at}`,
        );
        await Promise.all(some.map((one) => call((done) => client.create(one, DATA, done))));
        paths.push(...some);
      }
    },
    write: (key) => call((done) => client.setData(path(key), DATA, -1, done)),
    read: (key) => call((done) => client.getData(path(key), done)),
    // It has nothing of the kind: a read waits for what the session has under way.
    unordered: (key) => call((done) => client.getData(path(key), done)),
    async lock(worker) {
      const folder = `/bench/${id}-locks/${worker}`;
      if (!folders.has(folder)) await call((done) => client.mkdirp(folder, done));
      folders.add(folder);
      const own = await call((done) => client.create(`${folder}/lock-`, mode, done));
      const names = await call((done) => client.getChildren(folder, done));
      if (names.length !== 1) throw new Error(`${names.length} want ${folder}`);
      await call((done) => client.remove(own, done));
    },
    async watch(count, sessions, event) {
      for (let at = 0; at < count; at += 1) {
        const session = sessions === 'one' ? client : await connect(own);
        if (session !== client) extra.push(session);
        await watchOnce(session, event);
      }
    },
    async armed() {
      await Promise.all(arming.splice(0));
    },
    touch: () => call((done) => client.setData(SHARED, DATA, -1, done)),
    async close() {
      for (const session of [client, ...extra]) session.close();
    },
  };
}
