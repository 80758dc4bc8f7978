import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_MAX } from '../../lib/base/zxid.ts';
import { isQuiet, type Machine, type MachineReady, STILL } from '../../lib/testing/machine.ts';
import { ZAB_PREDICATES } from '../../lib/testing/predicates/all.ts';
import { type Outcome, runSchedule } from '../../lib/testing/schedule.ts';
import type { FactoryOf } from '../../lib/testing/sim-cluster.ts';
import { wireCodec } from '../../lib/testing/sim-codec.ts';
import { zabFactory } from '../../lib/testing/zab-machine.ts';

const QUIET: MachineReady = {
  send: [],
  close: [],
  events: [],
  delivered: [],
  installed: undefined,
  confirmed: [],
};

/** A peer that never says a word. */
const DUMB: Machine = {
  complete: true,
  tick: () => {},
  deadline: () => Number.POSITIVE_INFINITY,
  linked: () => {},
  backlog: () => undefined,
  measure: () => undefined,
  unlinked: () => {},
  receive: () => {},
  nextBatch: () => undefined,
  persisted: () => {},
  failed: () => {},
  ready: () => QUIET,
  view: () => STILL,
  digest: () => 0,
  elected: () => {},
  handOver: () => {},
  confirm: () => undefined,
  work: () => {},
};

/** A leader that gives up as soon as anybody has left it. */
const nervous: FactoryOf = (swarm) => (opened, peer) => {
  const machine = zabFactory(swarm)(opened, peer);
  const unlinked = machine.unlinked.bind(machine);
  machine.unlinked = (link) => {
    unlinked(link);
    if (machine.view().established) machine.handOver();
  };
  return machine;
};

function run(seed: number, factory: FactoryOf): Outcome {
  return runSchedule({
    seed,
    factory,
    codec: wireCodec(),
    predicates: ZAB_PREDICATES,
    overrides: {
      size: 3,
      duration: 1_000,
      keep: new Set(),
      fixed: { born: true, counterMax: COUNTER_MAX, observers: [] },
    },
  });
}

test('S35 fires when nobody leads after the faults', () => {
  assert.ok(isQuiet(QUIET));
  const { violation } = run(1, () => () => DUMB);
  assert.equal(violation?.predicate, 'S35');
  assert.match(violation.detail, /no leader/);
});

test('S35 fires when somebody does not catch up', () => {
  // Whoever hears nothing of the others cannot follow them.
  const deaf: FactoryOf = (swarm) => (opened, peer) => {
    return peer.place === 3 ? DUMB : zabFactory(swarm)(opened, peer);
  };
  const { violation } = run(1, deaf);
  assert.equal(violation?.predicate, 'S35');
  assert.match(violation.detail, /not converged: .*looking/);
});

test('S36 fires when a leader with a quorum goes because one peer has left', () => {
  const seeds = [1, 2, 3, 4, 5, 6];
  const unseated = seeds.filter((seed) => run(seed, nervous).violation?.predicate === 'S36');
  assert.ok(unseated.length > 0);
  for (const seed of seeds) assert.equal(run(seed, zabFactory).violation, undefined);
});
