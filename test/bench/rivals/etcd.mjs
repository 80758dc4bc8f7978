/** etcd3, as an author of a Node service would use it. See `cluster/target.ts`. */
import { Etcd3 } from 'etcd3';

const DATA = 'x'.repeat(100);

export async function open({ id, servers }) {
  const client = new Etcd3({ hosts: `http://${servers[id]}` });
  let count = 1;
  const path = (key) => `/bench/${id}/${key % count}`;
  return {
    async prepare(keys) {
      count = keys;
      for (let at = 0; at < keys; at += 200) {
        const some = Array.from({ length: Math.min(200, keys - at) }, (_, next) => path(at + next));
        await Promise.all(some.map((one) => client.put(one).value(DATA).exec()));
      }
      await client.put('/bench/shared').value(DATA).exec();
    },
    write: (key) => client.put(path(key)).value(DATA).exec(),
    read: (key) => client.get(path(key)).serializable().exec(),
    unordered: (key) => client.get(path(key)).serializable().exec(),
    linearizable: (key) => client.get(path(key)).exec(),
    async lock(worker) {
      const lock = client.lock(`bench-locks/${id}/${worker}`);
      await lock.acquire();
      await lock.release();
    },
    touch: () => client.put('/bench/shared').value(DATA).exec(),
    async close() {
      client.close();
    },
  };
}
