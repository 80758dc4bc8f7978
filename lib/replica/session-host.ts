/**
 * The sessions of this peer, from the first request to the last word: who is born, who lives, who has
 * ended, and what each is told. The replicated part of a session stands in the session table; this is
 * the part that only its host knows.
 */
import type { ErrorCode, Outcome } from '../base/errors.ts';
import type { Meter } from '../base/meter.ts';
import type { Zxid } from '../base/zxid.ts';
import { LocalSessions, type SessionChange, type SessionKind } from '../session/local-sessions.ts';
import type { DueRead } from '../session/session-line.ts';
import { isFinal } from '../session/session-state.ts';
import type { Reader } from '../tree/reader.ts';
import type { Operation, OperationResult, Owner, SessionOperation } from '../tree/request.ts';
import { sameOwner } from '../tree/session-table.ts';
import type { Applied, StateMachine } from '../tree/state-machine.ts';
import { isTooLarge } from '../wire/admission.ts';
import type { ServiceMessage } from '../wire/service-messages.ts';
import { Departed } from './departed.ts';
import type { HostedSession } from './hosted-session.ts';
import type { ReplicaOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import { OwnerRequests, type Purpose } from './owner-requests.ts';
import type { ReadOperation } from './read.ts';
import type { Reads } from './reads.ts';
import type { Ticket } from './ready.ts';
import { type Decided, RequestPipeline } from './request-pipeline.ts';
import type { SessionHandle } from './session-handle.ts';
import { SessionRegister } from './session-register.ts';
import { SessionValidity } from './session-validity.ts';
import type { Gap } from './stall.ts';
import { Teller } from './teller.ts';
import type { Watching } from './watching.ts';

/** Sessions of one peer: what is opened beyond ends at once (OVERLOADED), or a group without a quorum would fill the memory of its processes. */
const SESSIONS_MAX = 65_536;
const NOBODY: Reader = { identities: [] };

export interface HostParts {
  readonly options: ReplicaOptions;
  readonly machine: () => StateMachine;
  readonly outbox: Outbox;
  readonly reads: Reads;
  readonly watching: Watching;
}

export class SessionHost {
  readonly #parts: HostParts;
  readonly #sessions: LocalSessions;
  readonly #register: SessionRegister;
  readonly #teller: Teller;
  readonly #pipeline: RequestPipeline;
  readonly #departed: Departed;
  readonly validity: SessionValidity;
  #owner: Owner;
  #own = new OwnerRequests();
  #forked = false;
  #closing = false;
  #lastTicket: Ticket = 0;
  #now = 0;

  constructor(owner: Owner, parts: HostParts) {
    const { options, machine, outbox, reads, watching } = parts;
    const { heartbeat } = options;
    this.#parts = parts;
    this.#owner = owner;
    const sessions = new LocalSessions(heartbeat);
    const pipeline = new RequestPipeline(owner);
    const teller = new Teller(machine, outbox);
    this.#sessions = sessions;
    this.#pipeline = pipeline;
    this.#teller = teller;
    this.#register = new SessionRegister({ sessions, pipeline, reads, watching, teller });
    this.#departed = new Departed(owner, teller);
    this.validity = new SessionValidity(sessions, heartbeat);
  }

  /** The incarnation that owns the sessions of this host. */
  get owner(): Owner {
    return this.#owner;
  }

  /**
   * The group has heard of a later life of this store, or of more than this one has asked: the store was
   * rolled back, or copied. Its numbers would be taken for those of the other.
   */
  get forked(): boolean {
    return this.#forked;
  }

  /** The store has lost its promises and taken another id: nobody knows the owner of its sessions any more. */
  renew(owner: Owner): void {
    for (const hosted of this.#register.all()) {
      this.#register.end(hosted, 'expire', 'SESSION_EXPIRED', 'unknown');
    }
    this.#owner = owner;
    this.#own = new OwnerRequests();
    this.#pipeline.renew(owner);
    this.#departed.renew(owner);
  }

  /** Every queue with its cap (S34). */
  measure(meter: Meter): void {
    meter('sessions of a peer', this.#register.size, SESSIONS_MAX);
    // Each is born once, and given up once at most.
    meter('requests of a peer', this.#own.queue.pendingWrites, 2 * SESSIONS_MAX);
    for (const { queue } of this.#register.all()) queue.measure(meter);
    this.#pipeline.measure(meter);
  }

  nextTicket(): Ticket {
    this.#lastTicket += 1;
    return this.#lastTicket;
  }

  find(handle: SessionHandle): HostedSession | undefined {
    return this.#register.find(handle);
  }

  /** Nobody of this host's is left, and nothing of it is under way. */
  get idle(): boolean {
    return this.#register.size === 0 && this.#own.queue.idle;
  }

  tick(now: number, wall: number, gap: Gap): void {
    const { stall } = gap;
    this.#now = now;
    this.validity.tick(now, wall);
    if (stall > 0) this.#sessions.stalled(stall);
    if (this.validity.isDoubtful(gap)) {
      this.#sessions.doubt();
      this.#own.doubt();
    }
    this.#pipeline.tick();
    // Whether the group still knows it lies in a socket that was not read yet: nobody is given up for that.
    const heard = stall > 0 ? now - this.#parts.options.heartbeat : now;
    for (const change of this.#sessions.judge(heard)) this.#judged(change);
  }

  /** As whom a session reads. */
  readerOf(handle: SessionHandle): Reader {
    return this.#register.find(handle)?.reader ?? NOBODY;
  }

  /** A watch event of that transaction leaves for the session. */
  told(handle: SessionHandle, zxid: Zxid): void {
    this.#register.find(handle)?.queue.told(zxid);
  }

  /** Ends all sessions, and whatever is opened from now on. */
  closeAll(): void {
    this.#closing = true;
    for (const hosted of this.#register.all()) this.close(hosted);
  }

  open(kind: SessionKind, timeout: number, birth: SessionOperation): SessionHandle {
    const register = this.#register;
    const ticket = this.nextTicket();
    const hosted = register.open(kind, timeout, ticket, this.#parts.options.pendingMax);
    const { handle } = hosted;
    // No message could carry it to the leader, and it would hold up everything behind it.
    if (isTooLarge(birth)) register.end(hosted, 'expire', 'TOO_LARGE', 'not-applied');
    else if (register.size > SESSIONS_MAX)
      register.end(hosted, 'expire', 'OVERLOADED', 'not-applied');
    else this.#ask(birth, { type: 'birth', key: handle.key }, ticket);
    if (birth.type === 'move-session') this.#hold(birth.session);
    if (this.#closing && register.find(handle) !== undefined) this.close(hosted);
    return handle;
  }

  #ask(operation: SessionOperation, purpose: Purpose, ticket: Ticket = this.nextTicket()): void {
    this.#own.ask(ticket, operation, purpose);
    this.#pipeline.wake(this.#own);
  }

  /** Holds a session that this host is about to take over from itself, or lets it go on. */
  #hold(session: bigint): void {
    const hosted = this.#register.byId(session);
    if (hosted === undefined) return;
    hosted.held = this.#own.takes(session);
    this.wake(hosted);
  }

  /** Undefined: OVERLOADED. */
  submit(hosted: HostedSession, operation: Operation): Ticket | undefined {
    if (!hosted.hasRoom(operation)) return undefined;
    const ticket = this.nextTicket();
    hosted.queue.write(ticket, operation);
    this.wake(hosted);
    return ticket;
  }

  /** It may have something to send. */
  wake(hosted: HostedSession): void {
    if (hosted.session !== 0n) this.#pipeline.wake(hosted);
  }

  abandon(hosted: HostedSession, ticket: Ticket): void {
    const writes = hosted.queue.pendingWrites;
    const abandonment = hosted.queue.abandon(ticket);
    if (abandonment.type !== 'withdrawn') return;
    if (hosted.queue.pendingWrites < writes) {
      const write = { ticket, cxid: 0, abandoned: true };
      this.#teller.failed(hosted, write, 'ABORTED', 'not-applied');
    } else this.#parts.reads.forget(ticket);
    this.#run(hosted, abandonment.reads);
    this.wake(hosted);
  }

  #run(hosted: HostedSession, due: readonly DueRead<ReadOperation>[]): void {
    for (const { ticket, operation } of due) this.#parts.reads.run(hosted, ticket, operation);
  }

  close(hosted: HostedSession): void {
    if (hosted.closing) return;
    hosted.closing = true;
    const withdrawn = hosted.session === 0n ? this.#own.withdraw(hosted.birth) : undefined;
    if (hosted.session !== 0n) this.#sendClose(hosted);
    if (withdrawn === undefined) return;
    this.#register.end(hosted, 'close', 'CLOSED', 'not-applied');
    this.#hold(withdrawn.takes);
  }

  /** Behind everything that was submitted before. */
  #sendClose(hosted: HostedSession): void {
    const { session } = hosted;
    hosted.closeTicket = this.nextTicket();
    hosted.queue.write(hosted.closeTicket, { type: 'close-session', session, reason: 'closed' });
    this.#pipeline.wake(hosted);
  }

  setAlive(handle: SessionHandle, alive: boolean): void {
    this.#sessions.setAlive(handle.id, alive);
  }

  /** A leader of that epoch is there, and has nothing of this host yet over this link. */
  restart(epoch: number): void {
    this.#own.follow(epoch);
    const asked = this.#parts.machine().lastCxid({ session: 0n, owner: this.#owner }) ?? 0;
    if (asked > this.#own.queue.lastCxid) {
      this.#forked = true;
      return;
    }
    this.resolve();
    this.#sessions.unlinked();
    this.#pipeline.restart(this.#own);
    for (const hosted of this.#register.all()) {
      if (hosted.session !== 0n) this.#pipeline.restart(hosted);
    }
  }

  /** What goes to the leader now. */
  flush(send: (message: ServiceMessage) => void): void {
    if (this.#forked) return;
    this.#pipeline.flush(send, (ticket) => this.#own.sent(ticket, this.#now));
    const touch = this.#sessions.touch(this.#now);
    if (touch !== undefined) send({ type: 'TOUCH', ...touch });
  }

  touched(id: number, refused: readonly bigint[]): void {
    this.#sessions.touched(id, refused);
    for (const change of this.#sessions.judge(this.#now)) this.#judged(change);
  }

  /** REJECT: nothing of the session was taken from `expected` on; REFUSED: of no session of this owner's. */
  rejected(session: bigint, expected: number, code: ErrorCode): void {
    if (session === 0n && code === 'REFUSED') this.#forked = true;
    const channel = session === 0n ? this.#own : this.#register.byId(session);
    if (channel !== undefined) this.#pipeline.rejected(channel, expected);
  }

  /** A transaction was applied, and its watch events are on their way. */
  applied(applied: Applied): void {
    const { owner, result, ended } = applied;
    if (sameOwner(owner, this.#owner)) this.#ownApplied(applied);
    else if (result.type === 'move-session') {
      const moved = this.#register.byId(result.session);
      if (moved !== undefined) this.#register.end(moved, 'close', 'SESSION_MOVED', 'not-applied');
    }
    for (const id of ended) {
      const gone = this.#register.byId(id);
      // Whatever of it was not applied before can not be applied any more (S19).
      if (gone !== undefined) this.#register.over(gone, 'not-applied');
    }
    this.#departed.applied(applied);
  }

  /** A request of this incarnation; of an earlier handle it may be, and then it was told as such. */
  #ownApplied({ session, cxid, zxid, result }: Applied): void {
    if (session === 0n) {
      const decided = this.#pipeline.applied(this.#own, cxid, zxid, result);
      if (decided !== undefined) {
        this.#ownDecided(decided.decision.write.ticket, result, 'not-applied');
      }
      return;
    }
    const hosted = this.#register.byId(session);
    if (hosted === undefined) return;
    const decided = this.#pipeline.applied(hosted, cxid, zxid, result);
    if (decided !== undefined) this.#tell(hosted, decided);
  }

  /** The tree was replaced: before anybody is told of it, each session that lives reads as what it is in it. */
  recognize(): void {
    for (const hosted of this.#register.all())
      if (this.#parts.machine().sessions.get(hosted.session) !== undefined) this.#refresh(hosted);
  }

  /**
   * The exactly-once table and the session table answer what was not seen to be applied (step 26). The
   * numbers of a session that has had another owner since may be that one's: of these nothing is known.
   */
  resolve(): void {
    const machine = this.#parts.machine();
    for (const { decision, result } of this.#pipeline.resolve(this.#own, machine)) {
      this.#ownDecided(decision.write.ticket, result, 'unknown');
    }
    for (const hosted of this.#register.all()) {
      if (hosted.session === 0n) continue;
      const session = machine.sessions.get(hosted.session);
      if (session === undefined) this.#register.over(hosted, 'unknown');
      else if (!sameOwner(session.owner, this.#owner)) {
        this.#register.end(hosted, 'close', 'SESSION_MOVED', 'unknown');
      } else {
        for (const decided of this.#pipeline.resolve(hosted, machine)) this.#tell(hosted, decided);
      }
    }
    this.#departed.resolve(machine);
  }

  #tell(hosted: HostedSession, { decision, result, zxid }: Decided): void {
    const { write, reads } = decision;
    if (result.type === 'add-auth') this.#refresh(hosted);
    if (write.ticket !== hosted.closeTicket) this.#teller.decided(hosted, write, zxid, result);
    this.#run(hosted, reads);
  }

  /** @param former what is known of the requests of a handle that this host had on the same session. */
  #ownDecided(ticket: Ticket, result: OperationResult, former: Outcome): void {
    const purpose = this.#own.decided(ticket);
    if (purpose?.type !== 'birth') return;
    const hosted = this.#register.byKey(purpose.key);
    if (hosted === undefined) return;
    if (result.type === 'create-session' || result.type === 'move-session') {
      const before = this.#register.byId(result.session);
      if (before !== undefined) this.#register.end(before, 'close', 'SESSION_MOVED', former);
      if (former === 'unknown') this.#departed.forget(result.session);
      this.#born(hosted, result.session, result.timeout, purpose.sentAt);
    } else {
      const code = result.type === 'error' ? result.code : 'SESSION_EXPIRED';
      this.#register.end(hosted, 'expire', code, 'not-applied');
    }
    this.#hold(purpose.takes);
  }

  /** Created or taken over. @param requestedAt when the leader's clock for it may have started. */
  #born(hosted: HostedSession, id: bigint, timeout: number, requestedAt: number): void {
    const { key } = hosted.handle;
    const changes = this.#sessions.created(key, id, timeout, requestedAt, this.#now);
    const last = this.#parts.machine().lastCxid({ session: id, owner: this.#owner });
    this.#refresh(hosted);
    for (const { session, state } of changes) this.#teller.state(session, state, undefined);
    this.#run(
      hosted,
      hosted.continueAt(last ?? 0, (ticket) => this.#parts.reads.waits(ticket)),
    );
    if (hosted.closing) this.#sendClose(hosted);
    this.#pipeline.wake(hosted);
  }

  #refresh(hosted: HostedSession): void {
    const { machine, options } = this.#parts;
    const identities = machine().sessions.identities(hosted.session);
    hosted.reader = { identities, schemes: options.schemes };
  }

  /** Time has changed what may be believed of a session. */
  #judged({ session, state }: SessionChange): void {
    const hosted = this.#register.find(session);
    if (hosted === undefined || !isFinal(state)) {
      this.#teller.state(session, state, undefined);
      return;
    }
    // Given up: the group may still hold it, and what has left may still be applied.
    this.#departed.add(session, this.#register.finish(hosted, 'SESSION_EXPIRED', 'unknown'));
    this.#teller.state(session, state, 'SESSION_EXPIRED');
    // Who takes it over meanwhile under another handle wants it alive.
    if (this.#own.takes(session.id)) return;
    const release = { type: 'close-session', session: session.id, reason: 'expired' } as const;
    this.#ask(release, { type: 'release', key: 0 });
  }
}
