/** A process of an application with a peer and busy clients in it. */
import type { Peer } from '../../lib/index.ts';
import { Asking } from './asking.ts';
import { host, type ProgramOptions, type Work } from './host.ts';
import { FOLDERS, ROOT } from './places.ts';
import type { Recorder } from './recorder.ts';
import { Watching } from './watching.ts';
import { work } from './workload.ts';

const program: ProgramOptions = JSON.parse(process.argv[2] ?? '');

function begin(peer: Peer, recorder: Recorder): Work {
  const asking = new Asking(recorder, program.name);
  const watching = new Watching(peer, recorder, asking);
  let isOver = false;
  let loading: Promise<void> | undefined;
  return {
    load: async () => {
      const patience = { timeout: 120_000 };
      await peer.ready(patience);
      const mark = `${ROOT}/mark/${peer.id}`;
      for (const path of [ROOT, ...FOLDERS, mark]) await peer.ensurePath(path, patience);
      await watching.watchTree();
      watching.watchStates();
      const busy = { peer, asking, recorder, mark, isOver: () => isOver };
      if (!isOver) loading = work(busy, program.idle);
    },
    served: async () => ({}),
    loadEnd: async () => {
      isOver = true;
      await loading;
    },
    stop: () => {
      isOver = true;
    },
    check: () => watching.checkLast(),
  };
}

await host(program, begin);
