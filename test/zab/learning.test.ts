/** One learner, and a leader that says what it must not, or is cut off in the middle of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Zxid } from '../../lib/base/zxid.ts';
import type { Entry, Mark } from '../../lib/zab/log-entry.ts';
import type { ZabMessage } from '../../lib/zab/messages.ts';
import { at, type Before, entryAfter, Lone, log, newLeader, SPARE, storeOf } from './lone.ts';

function threeEntries(): readonly [Entry, Entry, Entry] {
  const [first, second, third] = log('1.1', '1.2', '1.3');
  assert(first !== undefined && second !== undefined && third !== undefined);
  return [first, second, third];
}

const [FIRST, SECOND, THIRD] = threeEntries();

function chain(from: Mark, ...names: readonly string[]): Entry[] {
  let previous = from;
  return names.map((name) => {
    const entry = entryAfter(previous, name, `leader ${name}`);
    previous = entry;
    return entry;
  });
}

function diff(from: Mark): ZabMessage {
  return { type: 'DIFF', epoch: 4, from: from.zxid, chain: from.chain };
}

function trunc(to: Mark): ZabMessage {
  return { type: 'TRUNC', epoch: 4, to: to.zxid, chain: to.chain };
}

function history(previous: Mark, entries: readonly Entry[]): ZabMessage {
  return { type: 'HISTORY', epoch: 4, previous: previous.zxid, entries };
}

/** A follower of 1 that has promised epoch 4. */
function follower(before: Before = {}): Lone {
  const lone = new Lone(before);
  lone.promise(1, 4);
  return lone;
}

/** What ends the attachment, and the reason. */
const OUT_OF_ORDER: readonly (readonly [string, string, (lone: Lone) => readonly ZabMessage[]])[] =
  [
    ['a second LEADERINFO', 'LEADERINFO out of order', () => [{ type: 'LEADERINFO', epoch: 4 }]],
    ['another epoch', 'PING of epoch 9', () => [{ type: 'PING', epoch: 9, nonce: 1 }]],
    [
      'a DIFF from elsewhere',
      'DIFF does not begin at the end of the log',
      () => [{ type: 'DIFF', epoch: 4, from: at('1.7'), chain: 0 }],
    ],
    [
      'a DIFF with another chain',
      'DIFF does not begin at the end of the log',
      () => [{ type: 'DIFF', epoch: 4, from: FIRST.zxid, chain: 1 }],
    ],
    ['a DIFF twice', 'DIFF does not begin at the end of the log', () => [diff(FIRST), diff(FIRST)]],
    ['TRUNC after DIFF', 'TRUNC out of order', () => [diff(FIRST), trunc(FIRST)]],
    [
      'SNAP to an intact log that goes further',
      'SNAP to an intact log',
      ({ genesis }) => [
        { type: 'SNAP', epoch: 4, zxid: FIRST.zxid, chain: FIRST.chain, configuration: genesis },
      ],
    ],
    [
      'CHUNK without SNAP',
      'CHUNK out of order',
      () => [
        diff(FIRST),
        { type: 'CHUNK', epoch: 4, sequence: 0, bytes: new Uint8Array(1), last: true },
      ],
    ],
    [
      'a CHUNK left out',
      'CHUNK out of order',
      ({ genesis }) => [
        { type: 'SNAP', epoch: 4, zxid: at('3.3'), chain: 1, configuration: genesis },
        { type: 'CHUNK', epoch: 4, sequence: 1, bytes: new Uint8Array(1), last: true },
      ],
    ],
    ['HISTORY before its head', 'HISTORY out of order', () => [history(FIRST, [SECOND])]],
    [
      'HISTORY behind a checkpoint that is not whole',
      'HISTORY out of order',
      ({ genesis }) => [
        { type: 'SNAP', epoch: 4, zxid: at('3.3'), chain: 1, configuration: genesis },
        history({ zxid: at('3.3'), chain: 1 }, []),
      ],
    ],
    [
      'a gap in HISTORY',
      'HISTORY does not continue',
      () => [diff(FIRST), history(FIRST, chain(FIRST, '1.3'))],
    ],
    [
      'HISTORY from elsewhere',
      'HISTORY does not continue',
      () => [diff(FIRST), history(SECOND, [THIRD])],
    ],
    [
      'HISTORY of an epoch to come',
      'HISTORY does not continue',
      () => [diff(FIRST), history(FIRST, chain(FIRST, '5.1'))],
    ],
    [
      'HISTORY whose chain does not follow from its bytes',
      'HISTORY does not continue',
      () => [diff(FIRST), history(FIRST, [{ ...SECOND, chain: 5 }])],
    ],
    ['NEWLEADER before the history', 'NEWLEADER out of order', () => [newLeader(4, FIRST)]],
    [
      'NEWLEADER for what has not come',
      'NEWLEADER for another history',
      () => [diff(FIRST), newLeader(4, SECOND)],
    ],
    [
      'UPTODATE before NEWLEADER',
      'UPTODATE out of order',
      () => [diff(FIRST), { type: 'UPTODATE', epoch: 4, commitZxid: FIRST.zxid }],
    ],
    [
      'UPTODATE beyond the log',
      'UPTODATE out of order',
      () => [
        diff(FIRST),
        newLeader(4, FIRST),
        { type: 'UPTODATE', epoch: 4, commitZxid: SECOND.zxid },
      ],
    ],
    [
      'COMMIT before UPTODATE',
      'COMMIT of what was not proposed',
      () => [diff(FIRST), newLeader(4, FIRST), { type: 'COMMIT', epoch: 4, zxid: FIRST.zxid }],
    ],
    [
      'PROPOSAL before NEWLEADER',
      'PROPOSAL does not continue the log',
      () => [
        diff(FIRST),
        { type: 'PROPOSAL', epoch: 4, previous: FIRST.zxid, entries: chain(FIRST, '4.1') },
      ],
    ],
    [
      'INFORM before NEWLEADER',
      'INFORM does not continue the log',
      () => [diff(FIRST), { type: 'INFORM', epoch: 4, previous: FIRST.zxid, entries: [] }],
    ],
  ];

for (const [name, reason, messages] of OUT_OF_ORDER) {
  test(`${name} ends the attachment and changes nothing`, () => {
    const lone = follower();
    lone.hear(1, ...messages(lone));
    assert.equal(lone.closing(1), reason);
    assert.equal(lone.zab.role, 'looking');
    assert.equal(lone.disk.last.zxid, FIRST.zxid);
    assert.equal(lone.zab.lastZxid, FIRST.zxid);
  });
}

/** Serving leader 1 in epoch 4, with a log through 4.1 that is committed. */
function serving(): { lone: Lone; start: Entry } {
  const lone = new Lone();
  lone.serve(1, 4, FIRST);
  const [start] = chain(FIRST, '4.1');
  assert(start !== undefined);
  lone.hear(
    1,
    { type: 'PROPOSAL', epoch: 4, previous: FIRST.zxid, entries: [start] },
    { type: 'COMMIT', epoch: 4, zxid: start.zxid },
  );
  return { lone, start };
}

test('a PROPOSAL that came twice is ignored; one that differs, or leaves a gap, ends the attachment', () => {
  const { lone, start } = serving();
  const next = entryAfter(start, '4.2');
  const proposal = (previous: Zxid, ...entries: readonly Entry[]): ZabMessage => {
    return { type: 'PROPOSAL', epoch: 4, previous, entries };
  };
  lone.hear(1, proposal(FIRST.zxid, start, next), proposal(start.zxid, next));
  assert.equal(lone.disk.last.zxid, at('4.2'));
  assert.equal(lone.zab.serving, true);
  const other = entryAfter(start, '4.2', 'another');
  const gap = entryAfter(next, '4.4');
  const fork = entryAfter(FIRST, '4.1', 'fork');
  const beside = entryAfter(start, '5.1');
  for (const wrong of [
    proposal(start.zxid, other),
    proposal(next.zxid, gap),
    proposal(at('4.3'), gap),
    proposal(FIRST.zxid, fork, entryAfter(fork, '4.2')),
    proposal(start.zxid, beside),
    proposal(next.zxid),
    proposal(next.zxid, { ...entryAfter(next, '4.3'), chain: 1 }),
  ]) {
    const again = serving();
    again.lone.hear(1, proposal(again.start.zxid, next));
    again.lone.hear(1, wrong);
    assert.equal(again.lone.closing(1), 'PROPOSAL does not continue the log');
    assert.equal(again.lone.disk.last.zxid, at('4.2'));
  }
});

test('a COMMIT beyond what came ends the attachment; one of the past says nothing', () => {
  const { lone } = serving();
  lone.hear(1, { type: 'COMMIT', epoch: 4, zxid: FIRST.zxid });
  assert.equal(lone.zab.committed, at('4.1'));
  lone.hear(1, { type: 'COMMIT', epoch: 4, zxid: at('4.2') });
  assert.equal(lone.closing(1), 'COMMIT of what was not proposed');
  assert.equal(lone.zab.committed, at('4.1'));
});

test('a PING is answered by one that has taken the history, and by nobody else', () => {
  const lone = follower();
  lone.hear(1, { type: 'PING', epoch: 4, nonce: 1 });
  assert.deepEqual(lone.said(1, 'PONG'), []);
  lone.hear(1, diff(FIRST), newLeader(4, FIRST));
  lone.hear(1, { type: 'PING', epoch: 4, nonce: 2 });
  assert.deepEqual(lone.said(1, 'PONG'), [{ type: 'PONG', epoch: 4, nonce: 2 }]);
});

test('messages of a leader that is not followed, and of a learner, are dropped', () => {
  const { lone } = serving();
  lone.meet(3);
  lone.hear(3, { type: 'COMMIT', epoch: 9, zxid: at('9.9') }, newLeader(9, FIRST));
  lone.hear(1, { type: 'ACK', epoch: 4, zxid: at('4.1') });
  assert.equal(lone.zab.serving, true);
  lone.present(3);
  assert.equal(lone.closing(3), 'not leading');
  assert.equal(lone.zab.serving, true);
});

test('TRUNC below what is committed here is never obeyed: this peer stops', () => {
  const lone = follower({ entries: log('1.1', '1.2'), committed: at('1.2') });
  lone.hear(1, trunc(FIRST));
  assert.equal(lone.zab.role, 'quarantined');
  assert.deepEqual(lone.alarms, ['TRUNC to 0x100000001, below what is committed here']);
  assert.equal(lone.disk.last.zxid, at('1.2'));
});

test('TRUNC to a place where the logs differ costs the store its vote', () => {
  for (const to of [
    { zxid: FIRST.zxid, chain: 1 },
    { zxid: at('1.0'), chain: 1 },
  ]) {
    const lone = follower({ entries: log('1.1', '1.2') });
    lone.hear(1, trunc(to));
    assert.equal(lone.disk.store, SPARE);
    assert.equal(lone.zab.votes, false);
  }
});

// ── Interrupted synchronizations ────────────────────────────────────────────────────────────────

const TAIL = chain(FIRST, '2.1', '2.2', '3.1', '3.2');
const END = TAIL[TAIL.length - 1] ?? FIRST;
const STREAM: readonly ZabMessage[] = [
  trunc(FIRST),
  ...TAIL.map((entry, place) => history(TAIL[place - 1] ?? FIRST, [entry])),
  newLeader(4, END),
];

function isPrefix(zxids: readonly Zxid[], of: readonly Zxid[]): boolean {
  return zxids.every((zxid, place) => zxid === of[place]);
}

for (const syncBufferBytes of [0, 12, 1_000_000]) {
  test(`a stream that is cut leaves the old epoch and a prefix: buffer of ${syncBufferBytes}`, () => {
    const entries = [FIRST, SECOND, THIRD];
    const leader = [FIRST, ...TAIL].map(({ zxid }) => zxid);
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const lone = follower({ entries, options: { syncBufferBytes } });
      lone.hear(1, ...STREAM.slice(0, cut));
      const zxids = lone.disk.entries.map(({ zxid }) => zxid);
      const whole = cut === STREAM.length;
      assert.equal(lone.disk.epochs.current, whole ? 4 : 1);
      if (whole) assert.deepEqual(zxids, leader);
      else if (lone.disk.epochs.syncing === 4) assert(isPrefix(zxids, leader), `cut at ${cut}`);
      else assert.deepEqual(zxids, [FIRST.zxid, SECOND.zxid, THIRD.zxid]);
      assert.equal(lone.said(1, 'ACKNEWLEADER').length, whole ? 1 : 0);
      // The link breaks: what is queued is what the disk has, and a vote says no more than that.
      lone.zab.unlinked(1);
      lone.settle();
      assert.equal(lone.zab.lastZxid, lone.disk.last.zxid);
      assert.equal(lone.zab.vote?.zxid, lone.disk.last.zxid);
      assert.equal(lone.zab.vote?.epoch, whole ? 4 : 1);
      // The same leader again, with a new link: the rest is a DIFF.
      if (cut !== STREAM.length - 1 || lone.disk.epochs.syncing === 0) continue;
      lone.follow(1, 11);
      lone.hear(11, { type: 'LEADERINFO', epoch: 4 });
      assert.equal(lone.said(11, 'ACKEPOCH')[0]?.lastZxid, END.zxid);
      lone.hear(11, diff(END), newLeader(4, END));
      assert.equal(lone.disk.epochs.syncing, 0);
      assert.equal(lone.disk.epochs.current, 4);
    }
  });
}

test('a checkpoint that is cut leaves the old log; a whole one comes with what follows it', () => {
  const base = { zxid: at('3.3'), chain: 77 };
  const [next] = chain(base, '3.4');
  assert(next !== undefined);
  for (const whole of [false, true]) {
    const lone = follower();
    const bytes = new Uint8Array(2);
    const { genesis: configuration } = lone;
    lone.hear(
      1,
      { type: 'SNAP', epoch: 4, ...base, configuration },
      { type: 'CHUNK', epoch: 4, sequence: 0, bytes, last: false },
      { type: 'CHUNK', epoch: 4, sequence: 1, bytes, last: true },
      history(base, [next]),
    );
    if (whole) lone.hear(1, newLeader(4, next));
    lone.zab.unlinked(1);
    lone.settle();
    assert.equal(lone.disk.base.zxid, whole ? base.zxid : at('0.0'));
    assert.equal(lone.disk.last.zxid, whole ? next.zxid : FIRST.zxid);
    assert.equal(lone.zab.vote?.epoch, whole ? 4 : 1);
    assert.equal(lone.zab.baseAt(at('3.4'))?.chain, whole ? next.chain : undefined);
    assert.equal(lone.zab.logBase, whole ? base.zxid : at('0.0'));
  }
});

test('an observer takes what is committed, and the rest as it is committed', () => {
  const lone = new Lone({ id: 9, options: { role: 'observer' } });
  lone.promise(1, 4);
  const [start, next] = chain(FIRST, '4.1', '4.2');
  assert(start !== undefined && next !== undefined);
  lone.hear(1, diff(FIRST), newLeader(4, FIRST));
  lone.hear(1, { type: 'INFORM', epoch: 4, previous: FIRST.zxid, entries: [start] });
  assert.equal(lone.zab.applied, at('0.0'), 'not before UPTODATE');
  lone.hear(1, { type: 'UPTODATE', epoch: 4, commitZxid: start.zxid });
  lone.hear(1, { type: 'INFORM', epoch: 4, previous: start.zxid, entries: [next] });
  assert.equal(lone.zab.applied, at('4.2'));
  assert.equal(lone.zab.role, 'observing');
  assert.deepEqual(lone.said(1, 'ACK'), []);
  assert.equal(lone.zab.votes, false);
});

test('a successor that a leader names is followed at once', () => {
  const { lone } = serving();
  lone.meet(3);
  lone.hear(1, { type: 'HANDOVER', epoch: 4, successor: 3 });
  assert.equal(lone.said(3, 'FOLLOWERINFO').length, 1);
  const heir = serving().lone;
  heir.hear(1, { type: 'HANDOVER', epoch: 4, successor: 2 });
  assert.equal(heir.zab.role, 'leading');
});

test('another promise of the same epoch is not counted; the same leader’s is', () => {
  for (const [acceptedFrom, counted] of [
    [`3:${storeOf(3)}`, false],
    [`1:${storeOf(1)}`, true],
  ] as const) {
    const lone = new Lone({ epochs: { accepted: 4, acceptedFrom } });
    lone.follow(1);
    lone.hear(1, { type: 'LEADERINFO', epoch: 4 });
    assert.equal(lone.said(1, 'ACKEPOCH')[0]?.counted, counted);
    lone.hear(1, diff(FIRST), newLeader(4, FIRST));
    assert.equal(lone.said(1, 'ACKNEWLEADER').length, 1, 'it synchronizes all the same');
  }
});
