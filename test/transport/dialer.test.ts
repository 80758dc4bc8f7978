import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { Dialer } from '../../lib/transport/dialer.ts';

/** A dialer under a clock that stands still, and the peers it dialled. */
function dialer(t: TestContext, random: number): { dialer: Dialer; dialled: string[] } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const dialled: string[] = [];
  return {
    dialer: new Dialer(
      (_peer, url) => dialled.push(url),
      () => random,
    ),
    dialled,
  };
}

it('a peer that cannot be reached is dialled with pauses that double up to a second', (t) => {
  const { dialer: subject, dialled } = dialer(t, 1);
  subject.keep(2, 'two');
  for (const [failures, pause] of [50, 100, 200, 400, 800, 1_000, 1_000, 1_000].entries()) {
    subject.failed(2);
    t.mock.timers.tick(pause - 1);
    assert.equal(dialled.length, failures + 1, `before ${pause} ms`);
    t.mock.timers.tick(1);
    assert.equal(dialled.length, failures + 2, `after ${pause} ms`);
  }
});

it('pauses are jittered down to a half', (t) => {
  const { dialer: subject, dialled } = dialer(t, 0);
  subject.keep(2, 'two');
  subject.failed(2);
  t.mock.timers.tick(25);
  assert.equal(dialled.length, 2);
});

it('a link that the peer dialled ends the pause, and its loss begins another', (t) => {
  const { dialer: subject, dialled } = dialer(t, 1);
  subject.keep(2, 'two');
  subject.failed(2);
  subject.recognized(7, 2);
  t.mock.timers.tick(60_000);
  assert.equal(dialled.length, 1);
  subject.closed(7);
  t.mock.timers.tick(1_000);
  assert.equal(dialled.length, 2);
});

it('the loss of one of two links is no reason to dial', (t) => {
  const { dialer: subject, dialled } = dialer(t, 1);
  subject.keep(2, 'two');
  subject.opened(2, 1);
  subject.recognized(2, 2);
  subject.closed(1);
  t.mock.timers.tick(60_000);
  assert.equal(dialled.length, 1);
});

it('a peer that always closes at once is not dialled in a frenzy', (t) => {
  const { dialer: subject, dialled } = dialer(t, 1);
  subject.keep(2, 'two');
  for (let link = 1; link <= 20; link += 1) {
    subject.opened(2, link);
    subject.closed(link);
    t.mock.timers.tick(1_000);
  }
  subject.opened(2, 21);
  subject.closed(21);
  t.mock.timers.tick(999);
  assert.equal(dialled.length, 21);
});

it('a peer under another URL is dialled there from the next time on', (t) => {
  const { dialer: subject, dialled } = dialer(t, 1);
  subject.keep(2, 'old');
  subject.keep(2, 'new');
  subject.failed(2);
  t.mock.timers.tick(50);
  assert.deepEqual(dialled, ['old', 'new']);
});

it('nothing is dialled once it is stopped', (t) => {
  const { dialer: subject, dialled } = dialer(t, 1);
  subject.keep(2, 'two');
  subject.failed(2);
  subject.stop();
  subject.failed(2);
  t.mock.timers.tick(60_000);
  assert.equal(dialled.length, 1);
});
