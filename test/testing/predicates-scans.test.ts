/** S49 and S50 by hand-made histories: of fires, and of what a scanner writes. */
import { test } from 'node:test';
import type { Zxid } from '../../lib/base/zxid.ts';
import { FireBook } from '../../lib/testing/applications/fire-book.ts';
import { ScanBook } from '../../lib/testing/applications/scan-book.ts';
import { demand } from '../../lib/testing/predicates/predicate.ts';
import { gone, judge, made, type Play } from './play.ts';

// Fires.

const FIRE = '/fires/fire-a';
const START = 0n as Zxid;

function fire(verdict: string, act: (play: Play, book: FireBook) => void): void {
  const book = new FireBook('/fires', 1_000);
  judge(verdict, book.predicate, ['/fires'], (play) => act(play, book));
}

test('S49 holds when one is told to run a fire and the others are not, and again when it was forgotten in time', () => {
  fire('holds', (play, book) => {
    const at = play.by(1, made(FIRE));
    book.told(play.process(2), 'a', false, START, at);
    book.told(play.process(1), 'a', true, START, at);
    play.time += 1_000;
    const later = play.by(1, gone(FIRE));
    const again = play.by(2, made(FIRE));
    book.told(play.process(2), 'a', true, later, again);
  });
});

test('S49 fires when two are told to run a fire, one is told so twice, or it is not theirs', () => {
  fire('S49', (play, book) => {
    const at = play.by(1, made(FIRE));
    book.told(play.process(1), 'a', true, START, at);
    book.told(play.process(2), 'a', true, START, at);
  });
  fire('S49', (play, book) => {
    const at = play.by(1, made(FIRE));
    book.told(play.process(1), 'a', true, START, at);
    book.told(play.process(1), 'a', true, START, at);
  });
  fire('S49', (play, book) => {
    // It is its own, of a call that was over before.
    const at = play.by(1, made(FIRE));
    book.told(play.process(1), 'a', true, at, at);
  });
});

test('S49 fires when nobody runs what all are told that another one runs, and when a fire is forgotten too early', () => {
  fire('S49', (play, book) => {
    const at = play.by(1, made('/fires/fire-b'));
    book.told(play.process(1), 'a', false, START, at);
  });
  fire('S49', (play) => {
    play.by(1, made(FIRE));
    play.time += 999;
    play.by(1, gone(FIRE));
  });
});

// Scans.

const ONE = '/r/scanner/_c_1-latch-0000000001';
const TWO = '/r/scanner/_c_2-latch-0000000002';
const INSTANCE = '/r/services/s/a';
const STATUS = '/r/status/s/a';
const FOLDERS = ['/r', '/r/scanner', '/r/services', '/r/services/s', '/r/status', '/r/status/s'];

/** Two who stand to be the scanner, the first one of process 1, and an instance. */
function scan(verdict: string, act: (play: Play, book: ScanBook) => void): void {
  const book = new ScanBook('/r', 's', 2);
  judge(verdict, book.predicate, FOLDERS, (play) => {
    play.by(1, made(ONE));
    play.by(2, made(TWO));
    play.by(2, made(INSTANCE));
    act(play, book);
  });
}

/** Probes of the instance by a process. */
function probe(play: Play, book: ScanBook, peer: number, ...passed: boolean[]): void {
  for (const one of passed) book.probed(play.process(peer), 'a', one);
}

test('S50 holds for what the first in the line has found, and then the next one', () => {
  scan('holds', (play, book) => {
    probe(play, book, 1, true);
    play.by(1, made(STATUS, { state: 'up' }));
    play.by(1, gone(ONE));
    probe(play, book, 2, false, false);
    play.by(2, play.set(STATUS, { state: 'down' }));
    play.by(2, gone(INSTANCE));
    play.by(2, gone(STATUS));
    nothingOwed(book);
  });
});

test('S50 fires when somebody writes who is not the scanner, or is it no more', () => {
  scan('S50', (play, book) => {
    probe(play, book, 2, true);
    play.by(2, made(STATUS, { state: 'up' }));
  });
  scan('S50', (play, book) => {
    probe(play, book, 1, true);
    play.by(1, gone(ONE));
    play.by(1, made(STATUS, { state: 'up' }));
  });
  scan('S50', (play, book) => {
    probe(play, book, 1, true);
    play.by(1, made(STATUS, { state: 'up' }));
    play.by(2, gone(STATUS));
  });
});

test('S50 fires when something is told that was not found, or not as often as it takes', () => {
  scan('S50', (play, book) => {
    probe(play, book, 1, false, true, false);
    play.by(1, made(STATUS, { state: 'down' }));
  });
  scan('S50', (play, book) => {
    probe(play, book, 1, false, false);
    play.by(1, made(STATUS, { state: 'up' }));
  });
});

test('S50 fires when a dead instance stays up, or something is told of one that is gone', () => {
  scan('S50', (play, book) => {
    probe(play, book, 1, true);
    play.by(1, made(STATUS, { state: 'up' }));
    nothingOwed(book);
  });
  scan('S50', (play, book) => {
    probe(play, book, 1, false, false);
    play.by(1, made(STATUS, { state: 'down' }));
    const owed = book.owed(() => 'down');
    demand(owed().length === 0, 'none', () => 'all is told as it is');
    play.by(2, gone(INSTANCE));
    nothingOwed(book);
  });
});

/** As the simulator asks after the heal, where all instances are down. */
function nothingOwed(book: ScanBook): void {
  const owed = book.owed(() => 'down')();
  demand(owed.length === 0, 'S50', () => owed.join(', '));
}
