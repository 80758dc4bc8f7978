import { Cluster, create } from './test/replica/pump.ts';
import { Prng } from './lib/testing/prng.ts';
import { makeZxid } from './lib/base/zxid.ts';
import type { PeerMessage } from './lib/replica/ready.ts';
const from=Number(process.argv[2]), to=Number(process.argv[3]);
const errors = new Map<string, number>();
for (let seed=from; seed<to; seed++) {
  const p = new Prng(seed, 77);
  const c = new Cluster({size: p.pick([3,3,5]), observers: p.pick([0,1])});
  const log: string[]=[];
  try {
    c.settle();
    const ids=[1,2,3]; const handles = ids.map(id=>({id, s:c.open(id)}));
    const sid = () => p.pick([0n, handles[0]!.s.id, handles[1]!.s.id, handles[2]!.s.id, makeZxid(9,9)]);
    const zx = () => p.pick([0n as never, c.peer(1).applied, makeZxid(1,p.below(20)), makeZxid(2,p.below(5)), (c.peer(2).applied+1n) as never]);
    const n = () => p.pick([0,1,2,3,p.below(20),2**32]);
    const owner = (id:number) => p.chance(0.6)? {peer:id, store: c.peer(id).zab.store, boot: p.pick([1,1,1,2,0])} : {peer:p.below(5)+1, store:'f'.repeat(32), boot:n()};
    const op = () => p.pick<any>([create('/a'+p.below(5),'x',p.pick(['persistent','ephemeral','persistent-sequential'])),{type:'sync'},{type:'close-session',session:sid(),reason:p.pick(['closed','expired'])},{type:'move-session',session:sid(),password:new Uint8Array(p.below(3))},{type:'create-session',kind:p.pick(['peer','client']),timeout:p.pick([0,1,6000,2**40]),password:new Uint8Array(0),address:p.pick(['','10.0.0.1','zzz'])},{type:'add-auth',identity:{scheme:p.pick(['digest','super','x']),id:'a:b'}},{type:'multi',operations:[]},{type:'multi',operations:[create('/m'+p.below(3)),{type:'delete',path:'/m0',version:-1,recursive:true},{type:'check',path:'/',version:-1,czxid:zx()||undefined}]},{type:'delete',path:p.pick(['/','/a1','','x','/zookeeper']),version:p.below(3)-1,recursive:p.chance(0.5)}]);
    const msg = (f:number): PeerMessage => p.pick<() => any>([
      ()=>({type:'REQUEST',requests:Array.from({length:p.below(3)},()=>({session:sid(),cxid:n(),resolved:n(),owner:owner(f),operation:op()}))}),
      ()=>({type:'READINDEX',id:n()}),()=>({type:'TOUCH',id:n(),sessions:[sid(),sid()]}),
      ()=>({type:'REJECT',session:sid(),cxid:n(),code:p.pick(['SESSION_EXPIRED','OVERLOADED','REFUSED','SESSION_MOVED']),expected:n()}),
      ()=>({type:'PROPOSED',session:sid(),cxid:n(),zxid:zx()}),()=>({type:'READINDEX_OK',id:n(),zxid:zx()}),
      ()=>({type:'TOUCHED',id:n(),refused:[sid()]}),()=>({type:'DIGEST',zxid:zx(),hash:p.below(5)}),
    ])();
    for (let i=0;i<40;i++) {
      const f=p.pick(ids), t=p.pick(ids); if (f===t) continue;
      const m=msg(f); log.push(`${f}->${t} ${m.type}`);
      try { c.inject(f,t,m); } catch (e) { if (String(e).includes('are linked')||String(e).includes('TypeError')) {continue;} throw e; }
      const h=p.pick(handles); if (p.chance(0.5)) { c.peer(h.id).sessions.submit(h.s, op()); }
      if (p.chance(0.2)) c.peer(h.id).sessions.read(h.s,{type:'get',path:'/a1',watch:true},{consistency:p.pick(['local','linearizable','stale'])});
      if (p.chance(0.05)) { c.cut(f,t); } if (p.chance(0.1)) c.heal();
      for (let k=p.below(4);k>0;k--) c.step(p.pick([10,10,100,300]));
    }
    c.heal(); c.run(3000);
  } catch (e) { const k=(e as Error).stack!.split('\n').slice(0,5).join(' | ').replace(/\(file:[^)]*\/(lib|test)/g,'($1'); errors.set(k,(errors.get(k)??0)+1); if (errors.get(k)===1) console.log(seed, k, log.slice(-4)); }
}
console.log('done', [...errors.values()]);
