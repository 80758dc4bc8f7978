/** S41 to S44: the books of kept nodes and of subtrees, each wrong in one way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeZxid, type Zxid } from '../../lib/base/zxid.ts';
import { utf8 } from '../../lib/index.ts';
import { type Kept, KeptBook } from '../../lib/testing/applications/kept-book.ts';
import type { Owner } from '../../lib/testing/applications/steps.ts';
import { listed, SubtreeBook } from '../../lib/testing/applications/subtree-book.ts';
import { type Onlooker, Views } from '../../lib/testing/applications/views.ts';
import type { Decided } from '../../lib/testing/model.ts';
import { Violation } from '../../lib/testing/violation.ts';
import type { Change, TxnBody } from '../../lib/tree/txn.ts';
import { Stage } from './stage.ts';

const FOLDER = '/g';
const OPEN = [{ scheme: 'world', id: 'anyone', permissions: 31 }];
const NOTHING = new Uint8Array(0);

const NEW_SESSION: TxnBody = {
  type: 'create-session',
  kind: 'peer',
  timeout: 1_000,
  password: NOTHING,
  address: '',
  closes: [],
};

/** Two sessions: their process has been told of the end of the second one. */
const LIVING = makeZxid(1, 1);
const OVER = makeZxid(1, 2);

/** A group with a folder, and changes in it that are committed one by one. */
class History extends Stage {
  #last = this.ghost.root;
  #counter = 0;
  /** Requests of each session. */
  readonly #cxids = new Map<bigint, number>();

  constructor() {
    super();
    for (let session = 0; session < 2; session += 1) this.#decide(NEW_SESSION, 0n);
    this.next(creation(FOLDER, ''));
  }

  next(change: Change, session: bigint = LIVING): Decided {
    return this.#decide({ type: 'change', changes: [change], spans: [1], multi: false }, session);
  }

  #decide(body: TxnBody, session: bigint): Decided {
    this.#counter += 1;
    const owner = { peer: 1, boot: 1, store: 'store-1' };
    const cxid = (this.#cxids.get(session) ?? 0) + 1;
    this.#cxids.set(session, cxid);
    const txn = { session, cxid, resolved: 0, owner, time: 1_000, body };
    this.#last = this.txn(1, this.#counter, txn, this.#last);
    this.commit(this.#last);
    const decided = this.model.decided.get(this.#last.zxid);
    assert.ok(decided !== undefined);
    return decided;
  }
}

function creation(path: string, data: string): Change {
  const kind = 'persistent';
  return { type: 'create', path, data: utf8.encode(data), acl: OPEN, kind, ttl: 0, owner: 0n };
}

function writing(path: string, data: string, version: number): Change {
  return { type: 'set', path, data: utf8.encode(data), version };
}

function fires(act: () => void, detail: RegExp): void {
  assert.throws(act, (error) => error instanceof Violation && detail.test(error.message));
}

// Of kept nodes.

const OWNER: Owner = {
  alive: true,
  has: (session) => session === LIVING,
  peer: { id: 1, disk: { boot: 1 } },
};

interface Scene {
  readonly book: KeptBook;
  readonly history: History;
  readonly kept: Kept;
  readonly data: string;
  /** G goes on. */
  readonly next: (change: Change, session?: bigint) => Zxid;
}

/** Somebody has asked for a node, and G has not decided yet. */
function asked(owner: Owner = OWNER): Scene {
  const book = new KeptBook('S41', FOLDER);
  const history = new History();
  const kept = book.opening(owner, '/g/a');
  const next = (change: Change, session?: bigint): Zxid => {
    const decided = history.next(change, session);
    book.decided(decided);
    return decided.entry.zxid;
  };
  return { book, history, kept, data: book.asking(kept), next };
}

test('a kept node is what its owner has asked for: a book holds', () => {
  const { book, kept, data, next } = asked();
  book.opened(kept, data, next(creation('/g/a', data)));
  const second = book.asking(kept);
  const owed = book.owed();
  assert.equal(owed().length, 1);
  book.told(kept, second, next(writing('/g/a', second, 1)));
  assert.deepEqual(owed(), []);
  next({ type: 'delete', path: '/g/a' });
  assert.equal(owed().length, 1);
  next(creation('/g/a', second));
  assert.deepEqual(owed(), []);
  book.over(kept);
  assert.deepEqual(book.standing, ['/g/a']);
  next({ type: 'delete', path: '/g/a' });
  book.closed(kept);
  assert.deepEqual([book.standing, book.owed()()], [[], []]);
});

test('what was refused is not owed, what is in the way of another one is not either', () => {
  const { book, kept, data, next } = asked();
  book.opened(kept, data, next(creation('/g/a', data)));
  book.refused(kept, book.asking(kept));
  assert.deepEqual(book.owed()(), []);
  const rival = book.opening(OWNER, '/g/a');
  rival.isWanted = true;
  assert.deepEqual(book.owed()(), []);
});

test('a book fires when a node goes back to older data, or has what nobody gave it', () => {
  const { book, kept, data, next } = asked();
  next(creation('/g/a', data));
  const [second, third] = [book.asking(kept), book.asking(kept)];
  next(writing('/g/a', third, 1));
  fires(() => next(writing('/g/a', second, 2)), /2 was there/);
  fires(() => next(writing('/g/a', 'stranger#1', 3)), /is of undefined/);
  fires(() => next(creation('/g/b', third)), /is of \/g\/a/);
  book.refused(kept, third);
  fires(() => next(writing('/g/a', third, 4)), /refused/);
});

test('a book fires when somebody is told that it is there before it is', () => {
  const { book, kept, data, next } = asked();
  fires(() => book.opened(kept, data, 1n as Zxid), /never was/);
  const zxid = next(creation('/g/a', data));
  fires(() => book.told(kept, data, (zxid - 1n) as Zxid), /never was/);
  fires(() => book.told(kept, book.asking(kept), zxid), /never was/);
});

test('a book fires when a closed node stays, or comes back; unless by a session that is over', () => {
  const { book, kept, data, next } = asked();
  next(creation('/g/a', data));
  fires(() => book.closed(kept), /its node is there/);
  next({ type: 'delete', path: '/g/a' });
  book.closed(kept);
  fires(() => next(creation('/g/a', data)), /closed/);
  next({ type: 'delete', path: '/g/a' });
  next(creation('/g/a', data), OVER);
  book.closed(kept);
});

// Of those who watch.

/** Somebody who watches; its peer applies what it is told to. */
function watching(): { book: SubtreeBook; views: Views; actor: { applied: bigint } & Onlooker } {
  const book = new SubtreeBook(FOLDER, (nodes) =>
    listed([...nodes].map(([path, { data }]) => `${path}=${data}`)),
  );
  const process = { alive: true, peer: { id: 1, free: true } };
  const actor = { name: 'watcher', judge: 'S41', applied: 0n, process };
  return { book, views: new Views(book), actor };
}

/** The folder empty, with `a`, with `b` in place of it; and the words for that. */
function three(book: SubtreeBook): { words: readonly string[]; zxids: readonly bigint[] } {
  const history = new History();
  const decided = [creation('/g/a', '1'), writing('/g/a', '2', 1)].map((one) => history.next(one));
  for (const one of decided) book.decided(one);
  return {
    words: ['||', '|/g/a=1|', '|/g/a=2|'],
    zxids: [0n, ...decided.map(({ entry }) => entry.zxid)],
  };
}

test('who watches sees what was, in order, and in the end what is: views hold', () => {
  const { book, views, actor } = watching();
  const { words, zxids } = three(book);
  assert.deepEqual(
    [0, 1, 2].map((at) => book.words(at)),
    words,
  );
  const view = views.open(actor);
  const live = views.open(actor, (one) => one.has(words[2] ?? '', zxids[2] ?? 0n));
  const behind = views.behind();
  for (const [at, state] of words.entries()) {
    actor.applied = zxids[at] ?? 0n;
    view.told(state);
    if (at === 1) assert.equal(views.behind().length, 0);
  }
  live.has(words[2] ?? '', zxids[2] ?? 0n);
  assert.deepEqual(behind(), []);
});

test('who is not told is named as long as it watches', () => {
  const { book, views, actor } = watching();
  const view = views.open(actor);
  view.told('||');
  const { words, zxids } = three(book);
  const behind = views.behind();
  assert.equal(behind().length, 1);
  actor.applied = zxids[2] ?? 0n;
  view.told(words[2] ?? '');
  assert.deepEqual(behind(), []);
  const still = views.open(actor);
  still.told(words[1] ?? '');
  const more = views.behind();
  assert.equal(more().length, 1);
  views.close(still);
  assert.deepEqual(more(), []);
});

test('a view fires when it goes back, or sees what never was or is not yet', () => {
  const { book, views, actor } = watching();
  const { words, zxids } = three(book);
  const view = views.open(actor);
  fires(() => view.told(words[1] ?? ''), /never was/);
  actor.applied = zxids[2] ?? 0n;
  fires(() => view.told('|/g/a=3|'), /never was/);
  view.told(words[2] ?? '');
  fires(() => view.told(words[1] ?? ''), /never was/);
});

test('a live view fires when it goes back, or is not what its zxid says', () => {
  const { book, views, actor } = watching();
  const { words, zxids } = three(book);
  const view = views.open(actor);
  actor.applied = zxids[2] ?? 0n;
  fires(() => view.has(words[1] ?? '', zxids[2] ?? 0n), /when it was/);
  view.has(words[2] ?? '', zxids[2] ?? 0n);
  fires(() => view.has(words[1] ?? '', zxids[1] ?? 0n), /goes from/);
  fires(() => view.has(words[2] ?? '', (zxids[2] ?? 0n) + 1n), /goes from/);
});
