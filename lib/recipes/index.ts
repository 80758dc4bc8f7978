/**
 * quorate/recipes: what the tree is used for. Locks and leadership, on the public client alone, with nodes
 * that a user of ZooKeeper recognises.
 *
 * ```ts
 * import { openPeer } from 'quorate';
 * import { Mutex } from 'quorate/recipes';
 *
 * const peer = await openPeer();
 * await new Mutex(peer, '/locks/report').run(async (held) => {
 *   held.assertHeld();
 * });
 * await peer.close();
 * ```
 *
 * @packageDocumentation
 */

export type { AnyClient } from './any-client.ts';
export type { BarrierOptions } from './barrier.ts';
export { Barrier } from './barrier.ts';
export type { Candidate } from './candidate.ts';
export type { ConfigOptions } from './config.ts';
export { Config } from './config.ts';
export { Counter } from './counter.ts';
export type { ServiceView } from './directory.ts';
export type { Attendance, DoubleBarrierOptions } from './double-barrier.ts';
export { DoubleBarrier } from './double-barrier.ts';
export type { EphemeralNode, EphemeralOptions, EphemeralState } from './ephemeral.ts';
export { openEphemeral } from './ephemeral.ts';
export type { Grant } from './grant.ts';
export { Group, type JoinOptions, type Membership } from './group.ts';
export { HotStandby, type HotStandbyOptions, type RunningTask } from './hot-standby.ts';
export type { Instance, InstanceStatus } from './instance.ts';
export { LeaderElection } from './leader-election.ts';
export type { Contender, Lock, LockOptions } from './lock.ts';
export type { GroupChange, Member } from './members.ts';
export type { Migration, MigrationRecord } from './migrations.ts';
export { Migrations } from './migrations.ts';
export { MultiLock } from './multi-lock.ts';
export { Mutex } from './mutex.ts';
export type { Partition, PartitionWork } from './owned-partitions.ts';
export type { Assign } from './partition-plan.ts';
export { Partitioner, type PartitionerOptions } from './partitioner.ts';
export type { Strategy } from './pool.ts';
export type { Provider, ProviderOptions } from './provider.ts';
export type { PutOptions, QueueOptions, QueueRunOptions } from './queue.ts';
export { Queue } from './queue.ts';
export type { QueueItem } from './queue-item.ts';
export { ReadWriteLock } from './read-write-lock.ts';
export type { Registration, ServiceChange, ServiceOptions } from './registration.ts';
export { type RunCoordinator, runCoordinator } from './run-coordinator.ts';
export { Scanner } from './scanner.ts';
export type { Probe, ProbeResult, ScannerOptions } from './scanner-options.ts';
export { Schedule, type ScheduledRun } from './schedule.ts';
export type { ScheduleOptions, ScheduleTicks } from './schedule-options.ts';
export type { SemaphoreOptions } from './semaphore.ts';
export { Semaphore } from './semaphore.ts';
export type { LeaseOptions } from './semaphore-rules.ts';
export { ServiceRegistry } from './service-registry.ts';
export { type Shares, shareOut } from './share-out.ts';
export type { StandbyMember } from './standby-tasks.ts';
export type { LastRun } from './tick-record.ts';
export type { NextTick } from './ticks.ts';
export { TreeCache } from './tree-cache.ts';
export { openTtlNode, type TtlNode, type TtlOptions } from './ttl-node.ts';
export type { UniqueIdOptions } from './unique-id.ts';
export { UniqueId } from './unique-id.ts';
