import{a as it,b as O,c as R,d as G,e as K,f as lt,h as _,i as N,j as ct,l as s,m as ut,n as J,o as dt,p as i,r as Z}from"./chunk-TAUNX2V4.js";var U=class extends Error{constructor(t){super(t.detail||t.title),this.name="Problem",this.status=t.status,this.type=t.type,this.title=t.title,this.detail=t.detail,this.requestId=t.request_id??"",this.errors=t.errors??[]}get passing(){return[408,425,429,502,503,504].includes(this.status)}get fields(){let t=new Map;for(let n of this.errors){let o=(n.pointer??"").split("/")[1];o&&!t.has(o)&&t.set(o,n.detail)}return t}},ee=class extends Error{constructor(t){super("the service cannot be reached",{cause:t}),this.name="Unreachable"}};var an=15e3;async function ft(e,{method:t="GET",body:n,ifMatch:o,key:r,keepalive:l}={}){let d=new Headers({accept:"application/json"});n!==void 0&&d.set("content-type","application/json"),o&&d.set("if-match",o),r&&d.set("idempotency-key",r);let p,c=null;try{p=await fetch(e,{method:t,headers:d,body:n===void 0?void 0:JSON.stringify(n),keepalive:l,signal:l?void 0:AbortSignal.timeout(an)});let u=await p.text(),h=(p.headers.get("content-type")??"").includes("json");u&&h&&(c=JSON.parse(u))}catch(u){throw new ee(u)}if(!p.ok){let{status:u,statusText:h}=p;throw new U({type:"about:blank",title:h,detail:"",...c,status:u})}return{value:c,status:p.status,headers:p.headers}}function ln(e){let t=/<([^>]+)>;\s*rel="next"/.exec(e.get("link")??"");if(!t)return null;let n=new URL(t[1],location.origin);return n.pathname+n.search}var te={send:ft,next:ln,get:async e=>(await ft(e)).value};function pt(){let e=_("connecting"),t="connecting",n=new Set;function o(r){let l=e.value;if(e.value=r,l==="lost"&&r!=="lost")for(let d of n)d()}return{state:e,follow(r){t=r,o(r)},broken(){t="connecting",o("lost")},missed:()=>o("lost"),reached:()=>o(t),onReturn:r=>{n.add(r)}}}var cn={æ:"ae",œ:"oe",ø:"o",đ:"d",ð:"d",ħ:"h",ı:"i",ĸ:"k",ł:"l",ŋ:"n",þ:"th",ŧ:"t",ƒ:"f",ʼ:"'",ß:"ss"};function je(e){return e.normalize("NFKD").replace(/\p{M}+/gu,"").toLowerCase().replace(/[æœøđðħıĸłŋþŧƒʼß]/g,t=>cn[t]).normalize("NFC")}var j=["todo","in_progress","done"],ne=["high","medium","low"],oe=["title","description","status","priority","assignee","due_date"];function mt(e,t){return`"${e}.${t}"`}function $t(e,t){let n={...e,...t};return n.completed=n.status==="done",n.completed!==e.completed&&(n.completed_at=n.completed?new Date().toISOString():null),n}function ht(e,t,n){return{id:e,number:0,title:"",description:null,status:"todo",priority:"medium",assignee:null,due_date:null,...t,completed:t.status==="done",completed_at:t.status==="done"?n:null,created_at:n,updated_at:n,version:0}}function Q(e,t,n){return e==="due_date"&&t&&n?Date.parse(t)===Date.parse(n):(t??null)===(n??null)}function Ie(e,t){return e.due_date!==null&&!e.completed&&Date.parse(e.due_date)<t}var re=["q","status","priority","assignee","due_from","due_to","overdue"];function se(e){return e===void 0||e===""?[]:e.split(",").map(t=>t.replace(/%2C/g,",").replace(/%25/g,"%"))}function ze(e){return[...e].map(t=>t.replace(/%/g,"%25").replace(/,/g,"%2C")).join(",")}var X="-";function Ye(e){let t=n=>n?new Set(se(n)):null;return{words:je(e.q??"").split(/\s+/).filter(Boolean),statuses:t(e.status),priorities:t(e.priority),assignees:t(e.assignee),from:gt(e.due_from,0)??-1/0,to:gt(e.due_to,1)??1/0,overdue:e.overdue==="true"}}function gt(e,t){let n=/^(\d{4})-(\d\d)-(\d\d)$/.exec(e??"");return n?new Date(+n[1],+n[2]-1,+n[3]+t).getTime():null}var vt=new WeakMap;function un(e){let t=vt.get(e);return t===void 0&&(t=je([e.title,e.description,e.assignee,e.number&&`#${e.number}`].join(`
`)),vt.set(e,t)),t}function yt(e,t,n){if(t.statuses&&!t.statuses.has(e.status)||t.priorities&&!t.priorities.has(e.priority)||t.assignees&&!t.assignees.has(e.assignee??X)||t.overdue&&!Ie(e,n))return!1;if(t.from!==-1/0||t.to!==1/0){let r=e.due_date===null?NaN:Date.parse(e.due_date);if(!(r>=t.from&&r<t.to))return!1}if(t.words.length===0)return!0;let o=un(e);return t.words.every(r=>o.includes(r))}function bt(e){let t=Ye(e),n=new URLSearchParams;e.q?.trim()&&n.set("q",e.q.trim().slice(0,200)),t.statuses&&n.set("status",[...t.statuses].join(",")),t.priorities&&n.set("priority",[...t.priorities].join(","));for(let o of t.assignees??[])n.append("assignee",o===X?"":o);return t.from!==-1/0&&n.set("due_after",new Date(t.from).toISOString()),t.to!==1/0&&n.set("due_before",new Date(t.to).toISOString()),t.overdue&&n.set("overdue","true"),n}var dn=200,wt=1e3,fn=2e4;async function kt(e,t){let n=[...e.server.keys()],o=new Set,r=`/tasks?limit=${dn}`;for(;r&&o.size<fn;){let{value:d,headers:p}=await t.send(r);for(let c of d)o.add(c.id);e.learn(d),e.loading.value={...e.loading.value,count:o.size,failed:""},r=t.next(p)?.replace(/([?&]limit=)\d+/,`$1${wt}`)??null}let l=r!==null;l||e.keepOnly(o,n),e.loading.value={done:!0,count:o.size,capped:l,failed:""}}async function xt(e,t,n){let o=bt(n);o.size!==0&&(o.set("limit",String(wt)),e.learn(await t.get(`/tasks?${o}`)))}var ae=500,St=4e3,pn=3e3,mn=3e4,$n=6e4,hn=100;function Et({store:e,api:t,connection:n}){let o="",r=ae,l=0,d=!0,p=Promise.resolve();function c(){return d=!1,p=p.then(()=>kt(e,t)).catch(b=>{d=!0,b instanceof U||n.missed();let g=b instanceof U?b.message:"";e.loading.value={...e.loading.value,failed:g}}),p}let u=[];e.ops.subscribe(b=>{if(u.length===0||b.some(E=>E.kind==="create"&&E.state==="sending"))return;let g=u;u=[],queueMicrotask(()=>g.forEach(E=>E()))});function h(b){e.ops.peek().some(E=>E.kind==="create"&&E.state==="sending")||u.length>0?u.push(b):b()}let v=null,y;function k(b,g){clearTimeout(y),y=setTimeout(b,g)}function S(){l=Date.now(),v?.close();let b=new EventSource(`/tasks/events${o&&`?last_event_id=${encodeURIComponent(o)}`}`);v=b;let g=!1,E=x=>L=>{o=L.lastEventId||o;let a=JSON.parse(L.data);h(()=>x(a))};b.addEventListener("open",()=>{g=!0,r=ae,clearTimeout(y),n.follow("live"),(d||!o)&&c()}),b.addEventListener("hello",x=>{o||=x.lastEventId||String(JSON.parse(x.data).id)}),b.addEventListener("task.created",E(x=>e.learn([x]))),b.addEventListener("task.updated",E(x=>e.learn([x]))),b.addEventListener("task.deleted",E(x=>e.forget(x.id,x.version))),b.addEventListener("resync",x=>{o=x.lastEventId||o,c()}),b.addEventListener("error",()=>{b.close(),g&&n.broken(),k(g?S:M,g?ae:0)})}async function M(){try{let{value:b,headers:g}=await t.send(`/tasks?sort=-updated_at&limit=${hn}&count=true`);n.follow("polling"),r=ae,await p,h(()=>e.learn(b));let E=Number(g.get("x-total-count")),x=e.loading.peek().capped||e.server.size===E;(d||!x)&&await c(),k(Date.now()-l>mn?S:M,pn)}catch(b){(!(b instanceof U)||b.passing)&&n.broken(),r=Math.min(r*2,St),k(S,r)}}S(),k(()=>{c(),d=!0},ae),addEventListener("offline",()=>{v?.close(),n.broken(),k(S,St)});let T;document.addEventListener("visibilitychange",()=>{clearTimeout(T),document.hidden?T=setTimeout(()=>{v?.close(),clearTimeout(y)},$n):v?.readyState===EventSource.CLOSED&&k(S,0)}),addEventListener("online",()=>{r=ae,k(S,0)})}function H(){let e=crypto.getRandomValues(new Uint8Array(16));return Array.from(e,t=>t.toString(16).padStart(2,"0")).join("")}var ie="taskmanager.outbox.",Tt="taskmanager.window";async function Ct(){let e=sessionStorage.getItem(Tt)??H();await Be(e)||(e=H(),await Be(e)),sessionStorage.setItem(Tt,e);let t=It(e);for(let o of Object.keys(localStorage)){let r=o.startsWith(ie)?o.slice(ie.length):e;r===e||!navigator.locks||!await Be(r)||(t.push(...It(r)),localStorage.removeItem(o))}let n=o=>{o.length===0?localStorage.removeItem(ie+e):localStorage.setItem(ie+e,JSON.stringify(o))};return n(t),{ops:t,keep:n}}function Be(e){return navigator.locks?new Promise(t=>{navigator.locks.request(ie+e,{ifAvailable:!0},n=>(t(n!==null),n?new Promise(()=>{}):void 0))}):Promise.resolve(!0)}function It(e){try{return JSON.parse(localStorage.getItem(ie+e)??"[]").map(n=>({...n,state:"waiting"}))}catch{return[]}}function _t({api:e,store:t,connection:n,refused:o,vanished:r,keep:l}){let d=new Map,p=!1,c;function u(a){t.ops.value=a,l(a)}function h(a,$){let m={...a,...$};return u(t.ops.value.map(f=>f.key===a.key?m:f)),m}function v(a){u(t.ops.value.filter($=>!a($)))}function y(a,$){let m=d.get(a.key);return d.delete(a.key),m?.($),m!==void 0}function k(a){let $={notBefore:0,...a,key:H(),at:new Date().toISOString(),state:"waiting"};u([...t.ops.value,$]);let m=()=>new Promise(f=>d.set($.key,f));return setTimeout(M),{op:$,outcome:m}}function S(){let a=new Set;for(let $ of t.ops.value){if($.state==="waiting"&&$.notBefore<=Date.now()&&!a.has($.id))return $;a.add($.id)}return null}async function M(){if(clearTimeout(c),p)return;p=!0;let a=!0;for(let f=S();f&&a;f=a?S():null)a=await T(h(f,{state:"sending"}));p=!1;let $=t.ops.value.filter(f=>f.state==="waiting").map(f=>f.notBefore);if($.length===0)return;let m=a?Math.max(0,Math.min(...$)-Date.now()):2e3;c=setTimeout(M,m+1)}async function T(a){try{let $=await b(a);return n.reached(),g(a,$.value),!0}catch($){return $ instanceof U&&!$.passing?(n.reached(),await E(a,$)):($ instanceof ee&&n.missed(),h(a,{state:"waiting"}),y(a,{kind:"kept"}),!1)}}function b({kind:a,id:$,change:m,base:f,key:w},{keepalive:q}={}){if(a==="create")return e.send("/tasks",{method:"POST",body:m,key:w,keepalive:q});let F=mt($,f);return a==="delete"?e.send(`/tasks/${$}`,{method:"DELETE",ifMatch:F,keepalive:q}):e.send(`/tasks/${$}`,{method:"PATCH",body:m,ifMatch:F,keepalive:q})}function g(a,$){let m=$?.id??a.id;m!==a.id&&t.firstIds.set(m,a.id),$?t.learn([$]):t.forget(a.id,a.base);let f=t.ops.value.filter(w=>w.key!==a.key);u(f.map(w=>w.id===a.id&&$?{...w,id:m,base:$.version}:w)),y(a,{kind:"done",task:$})}async function E(a,$){return $.status===404&&a.kind!=="create"?(x(a),!0):$.status===409?(h(a,{state:"waiting",notBefore:Date.now()+1e3}),!0):$.status===412?await L(a):(v(m=>m.key===a.key||a.kind==="create"&&m.id===a.id),y(a,{kind:"refused",problem:$})||o($,a),!0)}function x(a){t.forget(a.id,a.base),v($=>$.id===a.id),y(a,a.kind==="delete"?{kind:"done",task:null}:{kind:"dropped"}),a.kind!=="delete"&&r(a)}async function L(a){let $;try{$=await e.get(`/tasks/${a.id}`)}catch(f){return f instanceof U&&f.status===404?(x(a),!0):(h(a,{state:"waiting"}),!1)}t.learn([$]);let m=Object.keys(a.change);return a.kind==="update"&&m.every(f=>Q(f,a.change[f],$[f]))?(g(a,$),!0):(h(a,{state:"conflict"}),y(a,{kind:"conflict"}),!0)}return{flush:M,create:a=>k({kind:"create",id:`new-${H()}`,title:a.title??"",change:a,base:0}),update:(a,$)=>k({kind:"update",id:a.id,title:$.title??a.title,change:$,base:a.version}),remove:(a,$)=>k({kind:"delete",id:a.id,title:a.title,change:{},base:a.version,notBefore:Date.now()+$}),cancel(a){let $=t.ops.value.find(m=>m.key===a&&m.state!=="sending");return $&&v(m=>m.key===a),$!==void 0},resolve(a,$){let m=t.server.get(a.id);!m||$===null?v(f=>f.key===a.key):h(a,{change:$,base:m.version,state:"waiting"}),M()},vanish:x,leave(){for(let a of t.ops.value)a.kind==="delete"&&a.state==="waiting"&&a.notBefore>Date.now()&&(h(a,{notBefore:0}),b(a,{keepalive:!0}).catch(()=>{}))}}}function He(){return Object.fromEntries(new URLSearchParams(location.search))}var D=_(He());function he(e){let t=new URLSearchParams;for(let[o,r]of Object.entries({...D.value,...e}))r&&t.set(o,r);let n=t.toString().replaceAll("%2C",",");return n?`/?${n}`:"/"}function A(e,{replace:t=!1}={}){let n=he(e);n!==location.pathname+location.search&&(t?history.replaceState(history.state,"",n):history.pushState({within:!0},"",n),D.value=He())}addEventListener("popstate",()=>{D.value=He()});var Ce={low:0,medium:1,high:2},Dt={todo:0,in_progress:1,done:2},We=["number","title","status","priority","assignee","due_date","updated_at"];function Ve(e,t){return Ce[t.priority]-Ce[e.priority]||W(e.due_date??"~",t.due_date??"~")||W(t.created_at,e.created_at)||W(t.id,e.id)}function Mt(e,t){return W(t.completed_at??"",e.completed_at??"")||W(t.id,e.id)}function W(e,t){return e<t?-1:e>t?1:0}var gn=64;function ge(e,t,n){let o=new Set(t),r=e.filter(l=>o.delete(l));if(o.size>gn)return t.toSorted(n);for(let l of o){let[d,p]=[0,r.length];for(;d<p;){let c=d+p>>1;n(r[c],l)<=0?d=c+1:p=c}r.splice(d,0,l)}return r}function Ge(e=""){let t=e.startsWith("-"),n=We.find(o=>o===e.replace(/^-/,""));return n?{key:n,descending:t}:{key:"number",descending:!0}}function Lt(e,t){let{key:n,descending:o}=Ge(e),r=o?-1:1,{compare:l}=new Intl.Collator(t,{numeric:!0,sensitivity:"base"}),d={number:(c,u)=>(c.number||1/0)-(u.number||1/0)||0,title:(c,u)=>l(c.title,u.title),status:(c,u)=>Dt[c.status]-Dt[u.status],priority:(c,u)=>Ce[c.priority]-Ce[u.priority],assignee:(c,u)=>l(c.assignee??"",u.assignee??""),due_date:(c,u)=>W(c.due_date??"",u.due_date??""),updated_at:(c,u)=>W(c.updated_at,u.updated_at)}[n],p=c=>c[n]===null?1:0;return(c,u)=>p(c)-p(u)||d(c,u)*r||W(u.id,c.id)}var vn=3e4;function Ot(){let e=new Map,t=new Map,n=new Map,o=_(0),r=_(Date.now());setInterval(()=>r.value=Date.now(),vn);let l=_([]),d=_({done:!1,count:0,capped:!1,failed:""}),p=[],c=N(()=>{let m=(f,w)=>f.key===p[w].key&&f.id===p[w].id&&f.change===p[w].change;return(l.value.length!==p.length||!l.value.every(m))&&(p=l.value),p}),u=N(()=>{o.value;let m=new Map(e);for(let f of c.value){let w=m.get(f.id);f.kind==="create"?m.set(f.id,ht(f.id,f.change,f.at)):f.kind==="delete"?m.delete(f.id):w&&m.set(f.id,$t(w,f.change))}return m}),h=N(()=>JSON.stringify(re.map(m=>D.value[m]??""))),v=N(()=>D.value.sort),y=N(()=>{let m=JSON.parse(h.value);return Ye(Object.fromEntries(re.map((f,w)=>[f,m[w]])))}),k=N(()=>{let m=[];for(let f of u.value.values())yt(f,y.value,r.value)&&m.push(f);return m}),S={todo:[],in_progress:[],done:[]},M=N(()=>{let m={todo:[],in_progress:[],done:[]};for(let f of k.value)m[f.status].push(f);return S={todo:ge(S.todo,m.todo,Ve),in_progress:ge(S.in_progress,m.in_progress,Ve),done:ge(S.done,m.done,Mt)},S}),T=N(()=>Lt(v.value,J.value)),b={by:null,rows:[]},g=N(()=>{let m=b.by===T.value?b.rows:[];return b={by:T.value,rows:ge(m,k.value,T.value)},b.rows}),E=N(()=>{let m=new Set;for(let f of u.value.values())f.assignee&&m.add(f.assignee);return[...m].sort(new Intl.Collator(J.value).compare)});function x(m){let f=!1;for(let w of m){let q=Math.max(e.get(w.id)?.version??0,t.get(w.id)??0);w.version>q&&(e.set(w.id,w),f=!0)}f&&(o.value+=1)}function L(m,f){t.set(m,Math.max(f,t.get(m)??0)),e.delete(m)&&(o.value+=1)}function a(m,f){let w=!1;for(let q of f)m.has(q)||(w=e.delete(q)||w);w&&(o.value+=1)}return{server:e,ops:l,loading:d,now:r,filterKey:h,tasks:u,visible:k,columns:M,rows:g,assignees:E,firstIds:n,learn:x,forget:L,keepOnly:a,keyOf:m=>n.get(m)??m}}var At=s`<circle cx="8" cy="8" r="5.75" />`,yn={todo:At,in_progress:s`${At}<path class="fill" d="M8 4.5a3.5 3.5 0 0 1 0 7z" />`,done:s`<circle class="fill" cx="8" cy="8" r="6.5" /><path class="cut" d="m5.2 8.2 2 2 3.7-4.2" />`,high:s`<path d="m4 9 4-4 4 4M4 12.5l4-4 4 4" />`,medium:s`<path d="M4 8h8" />`,low:s`<path d="m4 6.5 4 4 4-4" />`,plus:s`<path d="M8 3.5v9M3.5 8h9" />`,close:s`<path d="m4.5 4.5 7 7m0-7-7 7" />`,search:s`<circle cx="7" cy="7" r="4.25" /><path d="m10.2 10.2 3.3 3.3" />`,filter:s`<path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3" />`,due:s`<rect x="2.75" y="3.75" width="10.5" height="9.5" rx="1.5" /><path d="M2.75 6.75h10.5M5.5 2.5v2.5M10.5 2.5v2.5" />`,warning:s`<path d="M8 2.8 14 13H2z" /><path d="M8 6.6v3M8 11.3v.1" />`,more:s`<path class="dots" d="M3.5 8h.01M8 8h.01M12.5 8h.01" />`,up:s`<path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7" />`,down:s`<path d="M8 3.5v9M4.5 9 8 12.5 11.5 9" />`,keyboard:s`<rect x="1.75" y="4.25" width="12.5" height="7.5" rx="1.5" /><path d="M4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5.5 9.5h5" />`};function C({name:e}){return s`<svg class=${`icon icon-${e}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${yn[e]}</svg>`}var bn=4e3,wn=9e3,ve=_([]),Je=_("");function Qe(e){ve.value=ve.value.filter(t=>t.id!==e)}function ye(e,{kind:t="news",action:n,stays:o}={}){let r=H();ve.value=[...ve.value.slice(-2),{id:r,text:e,kind:t,action:n}],setTimeout(()=>Qe(r),o??(n||t==="fault"?wn:bn))}function be(e){Je.value=Je.value===e?`${e} `:e}function qt(){return s`
    <div class="visually-hidden" role="status" data-test="announcer">${Je.value}</div>
    <div class="toasts" role="log" aria-live="polite" aria-label=${i("app.name")} data-test="toasts">
      ${ve.value.map(({id:e,text:t,kind:n,action:o})=>s`<div key=${e} class=${`toast ${n}`} data-test="toast">
          <p>${t}</p>
          ${o&&s`<button
            type="button"
            class="toast-action"
            data-test="toast-action"
            onClick=${()=>{Qe(e),o.run()}}
          >
            ${o.label}
          </button>`}
          <button type="button" class="icon-button" aria-label=${i("dismiss")} onClick=${()=>Qe(e)}>
            <${C} name="close" />
          </button>
        </div>`)}
    </div>
  `}var Rt=6e3,kn=300,I=Ot(),le=pt(),Xe=()=>{},P=_t({api:te,store:I,connection:le,keep:e=>Xe(e),refused:(e,t)=>{ye(i("error.refused",{title:t.title,detail:e.message}),{kind:"fault"})},vanished:e=>ye(i("error.vanished",{title:e.title}),{kind:"fault"})}),z=_(null),ce=_(!1),Y=_(null);async function Ft(){Et({store:I,api:te,connection:le}),le.onReturn(()=>{ye(i("connection.back")),P.flush()}),addEventListener("pagehide",P.leave),xn();let e=await Ct();I.ops.value=[...e.ops,...I.ops.value],Xe=e.keep,Xe(I.ops.value),P.flush()}function xn(){let e;ct(()=>{I.filterKey.value,clearTimeout(e),I.loading.value.capped&&(e=setTimeout(()=>xt(I,te,D.value).catch(()=>{}),kn))})}function _e(e){return be(i("task.created",{title:e.title??""})),P.create(e)}function ue(e,t){e.status!==t&&(P.update(e,{status:t}),be(i("task.moved",{title:e.title,status:i(`status.${t}`)})))}function Pt(e){ue(e,e.completed?"todo":"done")}function de(e){let{op:t}=P.remove(e,Rt),n={label:i("undo"),run:()=>{P.cancel(t.key)}};ye(i("task.deleted",{title:e.title}),{action:n,stays:Rt})}function Kt(e){if(e){for(let t of I.tasks.value.values())if(String(t.number)===e||I.keyOf(t.id)===e)return t}}function fe(e){A({task:e.number?String(e.number):I.keyOf(e.id)})}function pe(){Y.value=null,D.value.task&&(history.state?.within?history.back():A({task:null},{replace:!0}))}function B({name:e,labelledby:t,onClose:n,children:o}){let r=K(null);R(()=>{let p=document.activeElement;return r.current?.showModal(),()=>{p?.isConnected&&p.focus({preventScroll:!0})}},[]);function l(p){p.target===r.current&&n()}function d(){n(),requestAnimationFrame(()=>{r.current?.isConnected&&!r.current.open&&r.current.showModal()})}return s`<dialog
    ref=${r}
    class=${`dialog ${e}`}
    data-test=${e}
    aria-labelledby=${t}
    onCancel=${p=>{p.preventDefault(),n()}}
    onClose=${d}
    onMouseDown=${l}
  >
    <div class="dialog-body">${o}</div>
  </dialog>`}function Nt(e,t){let n=null,o=null,r=0,l=0,d=0;function p(g){let E=g.target,x=E.closest("[data-id]");if(!x||n||g.button!==0||!g.isPrimary||E.closest("select, .check"))return;[r,l]=[g.clientX,g.clientY];let L=g.pointerType==="mouse"?void 0:setTimeout(c,260);o={card:x,id:g.pointerId,x:r,y:l,timer:L}}function c(){if(!o)return;let{card:g,id:E}=o,x=g.getBoundingClientRect(),L=g.cloneNode(!0);L.className+=" ghost",L.removeAttribute("data-id"),L.removeAttribute("data-test"),L.setAttribute("aria-hidden","true"),L.style.width=`${x.width}px`,L.style.height=`${x.height}px`,document.body.append(L),e.setPointerCapture(E),e.classList.add("dragging"),g.classList.add("lifted"),n={card:g,ghost:L,dx:o.x-x.left,dy:o.y-x.top,over:null},u(),h()}function u(){if(!n)return;n.ghost.style.transform=`translate(${r-n.dx}px, ${l-n.dy}px)`;let g=document.elementFromPoint(r,l)?.closest("[data-column]")??null,E=e.contains(g)?g:null;E!==n.over&&(n.over?.classList.remove("target"),E?.classList.add("target"),n.over=E)}function h(){if(!n)return;let g=e.getBoundingClientRect();r>g.right-40?e.scrollLeft+=10:r<g.left+40&&(e.scrollLeft-=10),d=requestAnimationFrame(h)}function v(g){!o||g.pointerId!==o.id||([r,l]=[g.clientX,g.clientY],n?u():Math.hypot(r-o.x,l-o.y)>5&&(g.pointerType==="mouse"?c():S()))}function y(g){if(!o||g.pointerId!==o.id)return;let{id:E}=o.card.dataset,x=n?.over?.dataset.column;n&&addEventListener("click",k,{capture:!0,once:!0}),setTimeout(()=>removeEventListener("click",k,{capture:!0})),S(),E&&x&&t(E,x)}function k(g){g.preventDefault(),g.stopPropagation()}function S(){clearTimeout(o?.timer),cancelAnimationFrame(d),n&&(n.ghost.remove(),n.card.classList.remove("lifted"),n.over?.classList.remove("target"),e.classList.remove("dragging")),n=null,o=null}function M(g){g.key!=="Escape"||!n||(g.stopPropagation(),S())}let T=g=>n&&g.cancelable&&g.preventDefault(),b=g=>n&&g.preventDefault();return e.addEventListener("pointerdown",p),addEventListener("pointermove",v),addEventListener("pointerup",y),addEventListener("pointercancel",S),addEventListener("keydown",M,!0),e.addEventListener("touchmove",T,{passive:!1}),e.addEventListener("contextmenu",b),e.addEventListener("dragstart",k),()=>{S(),e.removeEventListener("pointerdown",p),removeEventListener("pointermove",v),removeEventListener("pointerup",y),removeEventListener("pointercancel",S),removeEventListener("keydown",M,!0),e.removeEventListener("touchmove",T),e.removeEventListener("contextmenu",b),e.removeEventListener("dragstart",k)}}var Ut=864e5;function jt(e){let t=new Date(e),n=t.getTime()%Ut===0,o=t.getHours()===23&&t.getMinutes()===59;return{date:t,utc:n,timed:!n&&!o}}var De=e=>String(e).padStart(2,"0"),Sn=e=>`${String(e.getFullYear()).padStart(4,"0")}-${De(e.getMonth()+1)}-${De(e.getDate())}`;function Ze(e){if(!e)return{day:"",time:""};let{date:t,timed:n,utc:o}=jt(e);return o?{day:e.slice(0,10),time:""}:{day:Sn(t),time:n?`${De(t.getHours())}:${De(t.getMinutes())}`:""}}function zt(e,t){let n=Ze(t);if(e.day===n.day&&e.time===n.time)return t;if(!e.day)return null;let o=new Date(`${e.day}T${e.time||"23:59"}`);return Number.isNaN(o.getTime())?e.day:o.toISOString()}function Me(e,t,{short:n=!1}={}){let{date:o,timed:r,utc:l}=jt(e),d=l?{timeZone:"UTC"}:{},p=l?o.getTime():Date.UTC(o.getFullYear(),o.getMonth(),o.getDate()),c=new Date(t),u=Math.round((p-Date.UTC(c.getFullYear(),c.getMonth(),c.getDate()))/Ut),h;if(u===0)h=i("date.today");else if(u===1)h=i("date.tomorrow");else if(u===-1)h=i("date.yesterday");else{let v=(l?o.getUTCFullYear():o.getFullYear())===c.getFullYear(),y=!n&&u>1&&u<7;h=Z(o,{...d,...y?{weekday:"short"}:{},day:"numeric",month:"short",...v||y?{}:{year:"numeric"}})}return!r||n&&Math.abs(u)>1?h:`${h}, ${Z(o,{hour:"numeric",minute:"2-digit"})}`}function Yt(e,t){let[n,o]=[new Date(e),new Date(t)];if(n.toDateString()===o.toDateString())return Z(n,{hour:"numeric",minute:"2-digit"});let r=n.getFullYear()===o.getFullYear()?{}:{year:"numeric"};return Z(n,{day:"numeric",month:"short",...r})}function me(e){return Z(new Date(e),{dateStyle:"medium",timeStyle:"short"})}function Le({task:e,tabIndex:t}){let n=i(e.completed?"task.reopen":"task.finish",{title:e.title});return s`<button
    type="button"
    class=${`check status-${e.status}`}
    data-test="finish"
    aria-label=${n}
    aria-pressed=${e.completed}
    tabindex=${t}
    onClick=${()=>Pt(e)}
  >
    <${C} name=${e.status} />
  </button>`}function Oe({task:e,tabIndex:t,compact:n=!1}){return s`<span class=${n?"mover compact":"mover"}>
    ${n&&s`<${C} name="more" />`}
    <select
      aria-label=${i("task.move",{title:e.title})}
      data-test="move"
      tabindex=${t}
      value=${e.status}
      onChange=${o=>ue(e,o.currentTarget.value)}
    >
      ${j.map(o=>s`<option key=${o} value=${o} selected=${o===e.status}>${i(`status.${o}`)}</option>`)}
    </select>
  </span>`}function we({priority:e}){return s`<span class=${`mark priority-${e}`}><${C} name=${e} /><span class="mark-text">${i(`priority.${e}`)}</span></span>`}function ke({task:e,now:t,short:n}){if(!e.due_date)return null;let o=Ie(e,t);return s`<span class=${o?"mark overdue":"mark due"} data-test="due">
    <${C} name=${o?"warning":"due"} />
    ${o&&s`<span class="visually-hidden">${i("task.overdue")}: </span>`}
    <span>${Me(e.due_date,t,{short:n})}</span>
  </span>`}var Bt=6,Ae=4,xe=()=>parseFloat(getComputedStyle(document.documentElement).fontSize);function qe(e,t,n=0){let o=K(null),[r,l]=O({first:0,last:24}),d=lt(()=>{let u=o.current;if(!u)return;let h=Math.max(0,u.scrollTop-n),v=Math.max(0,Math.floor((h/t-Bt)/Ae)*Ae),y=Math.ceil(((h+u.clientHeight)/t+Bt)/Ae)*Ae;l(k=>k.first===v&&k.last===y?k:{first:v,last:y})},[t,n]);G(()=>{let u=o.current;if(!u)return;d();let h=new ResizeObserver(d);return h.observe(u),u.addEventListener("scroll",d,{passive:!0}),()=>{h.disconnect(),u.removeEventListener("scroll",d)}},[d]);let p=u=>{let h=o.current;if(!h||u<0)return;let v=n+u*t;v-n<h.scrollTop?h.scrollTop=v-n:v+t>h.scrollTop+h.clientHeight&&(h.scrollTop=v+t-h.clientHeight)},c=Math.min(r.last,e);return{ref:o,first:Math.min(r.first,c),last:c,reveal:p}}function Re(e,t,n,o){let r=Array.from({length:Math.max(0,t-e)},(l,d)=>e+d);return n>=0&&n<o&&n<e?r.unshift(n):n>=t&&n<o&&r.push(n),r}var En=5.25,Fe=_(""),et=!1;function Se(e){Fe.value=e,et=!0}function tt({store:e,t,route:n}){let o=K(null),r=se(n.status),l=j.filter(c=>r.length===0||r.includes(c)),d=e.columns.value;R(()=>{if(o.current)return Nt(o.current,(c,u)=>{let h=e.tasks.value.get(c);h&&ue(h,u)})},[]);function p(c){let h=c.target.closest("[data-id]")?.getAttribute("data-id"),v=h?e.tasks.value.get(h):void 0;if(!v||c.ctrlKey||c.metaKey||c.target.tagName==="SELECT")return;let y=l.indexOf(v.status),k=d[v.status].findIndex(T=>T.id===v.id),S={ArrowLeft:-1,ArrowRight:1}[c.key],M={ArrowUp:-1,ArrowDown:1}[c.key];if(c.altKey&&S){let T=j[j.indexOf(v.status)+S];T&&(Se(v.id),ue(v,T))}else if(S)for(let T=y+S;l[T];T+=S){let b=d[l[T]];if(b.length!==0){Se(b[Math.min(k,b.length-1)].id);break}}else if(M){let T=d[v.status][k+M];T&&Se(T.id)}else if(c.key==="Home"||c.key==="End"){let T=d[v.status].at(c.key==="Home"?0:-1);T&&Se(T.id)}else if(c.key==="Delete"){let T=d[v.status][k+1]??d[v.status][k-1];T&&Se(T.id),de(v)}else return;c.preventDefault()}return s`<div class="board" ref=${o} onKeyDown=${p} role="group" aria-label=${t("board.label")} data-test="board">
    <h1 class="visually-hidden">${t("view.board")}</h1>
    <p class="visually-hidden" id="board-hint">${t("board.hint")}</p>
    ${l.map(c=>s`<${Tn} key=${c} status=${c} tasks=${d[c]} store=${e} t=${t} />`)}
  </div>`}function Tn({status:e,tasks:t,store:n,t:o}){let r=En*xe(),{ref:l,first:d,last:p,reveal:c}=qe(t.length,r),u=t.findIndex(y=>y.id===Fe.value||n.keyOf(y.id)===Fe.value),h=n.now.value;G(()=>{if(!et||u<0)return;c(u);let y=l.current?.querySelector(`[data-id="${t[u].id}"] .card-title`);y&&(et=!1,y.focus({preventScroll:!0}),y.closest(".column")?.scrollIntoView({block:"nearest",inline:"nearest"}))});let v=`column-${e}`;return s`<section class="column" data-column=${e} data-test=${`column-${e}`} aria-labelledby=${v}>
    <header class="column-head">
      <h2 id=${v}><${C} name=${e} />${o(`status.${e}`)} <span class="count" data-test="count">${t.length}</span></h2>
      <button
        type="button"
        class="icon-button"
        data-test=${`add-${e}`}
        aria-label=${o("task.add.to",{status:o(`status.${e}`)})}
        onClick=${()=>z.value={status:e}}
      >
        <${C} name="plus" />
      </button>
    </header>
    <div class="column-scroll" ref=${l}>
      ${t.length===0&&n.loading.value.done&&s`<p class="column-empty">${o("empty.column")}</p>`}
      <ul class="cards" style=${{height:`${t.length*r}px`}} aria-describedby="board-hint">
        ${Re(d,p,u,t.length).map(y=>{let k=t[y],S=u<0?y===0:y===u;return s`<li
            key=${n.keyOf(k.id)}
            class="slot"
            style=${{transform:`translateY(${y*r}px)`}}
            aria-setsize=${t.length}
            aria-posinset=${y+1}
          >
            <${In} task=${k} now=${h} reachable=${S} t=${o} />
          </li>`})}
      </ul>
    </div>
  </section>`}function In({task:e,now:t,reachable:n,t:o}){let r=n?0:-1;return s`<article
    class=${`card priority-${e.priority} ${e.completed?"completed":""} ${e.version?"":"unsaved"}`}
    data-test="card"
    data-id=${e.id}
    data-number=${e.number}
    onFocusIn=${()=>Fe.value=e.id}
    onClick=${l=>l.target.closest("button, select")||fe(e)}
  >
    <${Le} task=${e} tabIndex=${r} />
    <div class="card-text">
      <button type="button" class="card-title" data-test="open" title=${e.title} tabindex=${r} onClick=${()=>fe(e)}>
        ${e.title}
      </button>
      <div class="meta">
        <span class="number">${e.number?`#${e.number}`:o("task.sending")}</span>
        ${e.priority!=="medium"&&s`<${we} priority=${e.priority} />`}
        ${!e.completed&&s`<${ke} task=${e} now=${t} short />`}
        ${e.assignee&&s`<span class="assignee" title=${e.assignee}>${e.assignee}</span>`}
      </div>
    </div>
    <${Oe} task=${e} tabIndex=${r} compact />
  </article>`}var Cn=2.75,_n=4,Dn=2.5,Mn=new Set(["number","priority","updated_at"]),Pe=matchMedia("(max-width: 44rem)"),Ee=_(""),Ke=!1;function nt({store:e,t,route:n}){let[o,r]=O(Pe.matches);R(()=>{let a=()=>r(Pe.matches);return Pe.addEventListener("change",a),()=>Pe.removeEventListener("change",a)},[]);let l=e.rows.value,d=(o?_n:Cn)*xe(),{ref:p,first:c,last:u,reveal:h}=qe(l.length,d,Dn*xe()),v=l.findIndex(a=>a.id===Ee.value||e.keyOf(a.id)===Ee.value),y=e.now.value;G(()=>{p.current&&(p.current.scrollTop=0)},[n.sort]),G(()=>{if(!Ke||v<0)return;h(v);let a=p.current?.querySelector(`[data-id="${l[v].id}"] .row-title`);a&&(Ke=!1,a.focus({preventScroll:!0}))});function k(a){let $=a.target,m=$.closest("[data-id]")?.getAttribute("data-id"),f=l.findIndex(F=>F.id===m);if(f<0||a.altKey||a.ctrlKey||a.metaKey||$.tagName==="SELECT")return;let w=Math.max(1,Math.floor((p.current?.clientHeight??0)/d)-2),q={ArrowUp:-1,ArrowDown:1,PageUp:-w,PageDown:w,Home:-f,End:l.length-1-f}[a.key];if(q!==void 0){let F=l[Math.min(Math.max(f+q,0),l.length-1)];Ke=!0,Ee.value=F.id}else if(a.key==="Delete"){let F=l[f+1]??l[f-1];F&&(Ke=!0,Ee.value=F.id),de(l[f])}else return;a.preventDefault()}let S=Re(c,u,v,l.length),M=S.filter(a=>a>=c&&a<u),T=S.filter(a=>a<c),b=S.filter(a=>a>=u),g=a=>s`<${On} key=${e.keyOf(l[a].id)} task=${l[a]} index=${a} now=${y} t=${t} reachable=${v<0?a===0:a===v} />`,E=(a,$)=>$>0&&s`<tr key=${a} class="gap" aria-hidden="true"><td style=${{height:`${$*d}px`}}></td></tr>`,[x]=b,L=[...T.map(g),E("above",c-T.length),...M.map(g),E("between",(x??l.length)-u),...b.map(g),x!==void 0&&E("below",l.length-1-x)];return s`<div class="list" ref=${p} onKeyDown=${k}>
    <h1 class="visually-hidden">${t("view.list")}</h1>
    <table aria-label=${t("list.label")} aria-rowcount=${l.length+1} data-test="list">
      <thead>
        <tr aria-rowindex="1">
          <th scope="col" class="of-check"><span class="visually-hidden">${t("list.actions")}</span></th>
          ${We.map(a=>s`<${Ln} key=${a} name=${a} route=${n} t=${t} />`)}
        </tr>
      </thead>
      <tbody>
        ${L}
      </tbody>
    </table>
  </div>`}function Ln({name:e,route:t,t:n}){let{key:o,descending:r}=Ge(t.sort),l=o===e,p=`${(l?!r:Mn.has(e))?"-":""}${e}`,c=n(`field.${e}`);return s`<th scope="col" class=${`of-${e}`} aria-sort=${l?r?"descending":"ascending":void 0}>
    <a
      href=${he({sort:p})}
      class="sort"
      data-test=${`sort-${e}`}
      title=${n("sort.by",{field:c})}
      onClick=${u=>{u.metaKey||u.ctrlKey||(u.preventDefault(),A({sort:p}))}}
      >${c}${l&&s`<${C} name=${r?"down":"up"} />`}</a
    >
  </th>`}function On({task:e,index:t,now:n,reachable:o,t:r}){let l=o?0:-1;return s`<tr
    class=${`row ${e.completed?"completed":""} ${e.version?"":"unsaved"}`}
    data-test="row"
    data-id=${e.id}
    data-number=${e.number}
    aria-rowindex=${t+2}
    onFocusIn=${()=>Ee.value=e.id}
    onClick=${d=>d.target.closest("button, select")||fe(e)}
  >
    <td class="of-check"><${Le} task=${e} tabIndex=${l} /></td>
    <td class="of-number">${e.number||"…"}</td>
    <td class="of-title">
      <button type="button" class="row-title" data-test="open" title=${e.title} tabindex=${l} onClick=${()=>fe(e)}>
        ${e.title}
      </button>
      <div class="meta narrow-only">
        <span class="number">${e.number?`#${e.number}`:r("task.sending")}</span>
        ${e.priority!=="medium"&&s`<${we} priority=${e.priority} />`}
        ${!e.completed&&s`<${ke} task=${e} now=${n} short />`}
        ${e.assignee&&s`<span class="assignee">${e.assignee}</span>`}
      </div>
    </td>
    <td class="of-status"><${Oe} task=${e} tabIndex=${l} /></td>
    <td class="of-priority"><${we} priority=${e.priority} /></td>
    <td class="of-assignee">${e.assignee}</td>
    <td class="of-due_date"><${ke} task=${e} now=${n} /></td>
    <td class="of-updated_at"><time datetime=${e.updated_at} title=${me(e.updated_at)}>${Yt(e.updated_at,n)}</time></td>
  </tr>`}var ot={board:tt,list:nt,figures:Ht(()=>import("./figures-76M2QKJT.js")),schema:Ht(()=>import("./schema-DB233NCS.js"))},Te=Object.keys(ot);function Ht(e){let t;return function(o){let[r,l]=O({View:null,failed:!1});return R(()=>{t??=e(),t.then(d=>l({View:d.default,failed:!1}),()=>{t=void 0,l({View:null,failed:!0})})},[]),r.failed?s`<p class="notice" role="alert">${o.t("view.failed")}</p>`:r.View?s`<${r.View} ...${o} />`:s`<p class="notice" role="status">${o.t("view.loading")}</p>`}}var Wt="taskmanager.keys",Ne=_(localStorage.getItem(Wt)!=="off"),An={n:()=>z.value={},"/":()=>document.querySelector("#search")?.focus(),"?":()=>ce.value=!0,...Object.fromEntries(Te.map((e,t)=>[String(t+1),()=>A({view:e})]))};function Vt(){addEventListener("keydown",e=>{let t=e.target;if(!Ne.value||e.ctrlKey||e.metaKey||e.altKey||e.isComposing||document.querySelector("dialog[open]")||Y.value||t.matches("input, textarea, select, [contenteditable]"))return;let n=An[e.key];n&&(e.preventDefault(),n())})}var qn=[[["n"],"keys.new"],[["/"],"keys.search"],[["1","2","3","4"],"keys.views"],[["?"],"keys.help"],[["←","↑","→","↓"],"keys.arrows"],[["Alt","← →"],"keys.move"],[["Enter"],"keys.enter"],[["Delete"],"keys.delete"],[["Esc"],"keys.escape"]];function Gt(){let e=()=>ce.value=!1;return s`<${B} name="keys" labelledby="keys-title" onClose=${e}>
    <header class="dialog-head">
      <h2 id="keys-title" tabindex="-1" autofocus>${i("keys.title")}</h2>
      <button type="button" class="icon-button" data-test="close" aria-label=${i("sheet.close")} onClick=${e}><${C} name="close" /></button>
    </header>
    <dl class="keys-list">
      ${qn.map(([t,n])=>s`<div key=${n}>
          <dt>${t.map(o=>s`<kbd>${o}</kbd>`)}</dt>
          <dd>${i(n)}</dd>
        </div>`)}
    </dl>
    <label class="switch">
      <input
        type="checkbox"
        data-test="single-keys"
        checked=${Ne.value}
        onChange=${t=>{Ne.value=t.currentTarget.checked,localStorage.setItem(Wt,Ne.value?"on":"off")}}
      />
      <span>${i("keys.single")} <small>${i("keys.single.hint")}</small></span>
    </label>
  <//>`}function rt(e,t){return t==null||t===""?s`<em>${i("field.none")}</em>`:e==="due_date"?Me(t,I.now.value):e==="status"||e==="priority"?i(`${e}.${t}`):t}function Jt({op:e}){let t=I.server.get(e.id);I.tasks.value;let[n,o]=O(new Set(Object.keys(e.change))),r=()=>P.resolve(e,null);if(R(()=>{t||P.vanish(e)},[t===void 0]),!t)return null;if(e.kind==="delete")return s`<${Rn} op=${e} theirs=${t} giveUp=${r} />`;let l=oe.filter(c=>c in e.change);function d(c,u){let h=new Set(n);u?h.add(c):h.delete(c),o(h)}function p(){let c=l.filter(u=>n.has(u)&&!Q(u,e.change[u],t?.[u]));P.resolve(e,c.length>0?Object.fromEntries(c.map(u=>[u,e.change[u]])):null)}return s`<${B} name="conflict" labelledby="conflict-title" onClose=${r}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${i("conflict.title")}</h2></header>
    <p>${i("conflict.text",{title:t.title})}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${i("conflict.field")}</th><th scope="col">${i("conflict.mine")}</th><th scope="col">${i("conflict.theirs")}</th></tr>
      </thead>
      <tbody>
        ${oe.map(c=>{let u=i(`field.${c}`);if(!(c in e.change&&!Q(c,e.change[c],t[c])))return s`<tr key=${c} class="alike"><th scope="row">${u}</th><td colspan="2">${rt(c,t[c])}</td></tr>`;let v=y=>s`<td>
            <label class="version">
              <input
                type="radio"
                name=${`choice-${c}`}
                data-test=${`choose-${c}-${y?"mine":"theirs"}`}
                aria-label=${i(y?"conflict.choose.mine":"conflict.choose.theirs",{field:u})}
                checked=${n.has(c)===y}
                onChange=${()=>d(c,y)}
              />
              <span>${rt(c,y?e.change[c]:t[c])}</span>
            </label>
          </td>`;return s`<tr key=${c} class="differs"><th scope="row">${u}</th>${v(!0)}${v(!1)}</tr>`})}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button" data-test="keep-theirs" onClick=${r}>${i("conflict.keep.theirs")}</button>
      <button type="button" class="button primary" data-test="save-choice" onClick=${p}>${i("conflict.save")}</button>
    </footer>
  <//>`}function Rn({op:e,theirs:t,giveUp:n}){return s`<${B} name="conflict" labelledby="conflict-title" onClose=${n}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${i("conflict.title")}</h2></header>
    <p>${i("conflict.delete",{title:t.title})}</p>
    <table class="versions">
      <tbody>
        ${oe.map(o=>s`<tr key=${o}><th scope="row">${i(`field.${o}`)}</th><td>${rt(o,t[o])}</td></tr>`)}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button danger" data-test="delete-anyway" onClick=${()=>P.resolve(e,{})}>${i("conflict.delete.anyway")}</button>
      <button type="button" class="button primary" data-test="keep-theirs" onClick=${n}>${i("conflict.keep.theirs")}</button>
    </footer>
  <//>`}function Ue(e){return re.filter(t=>t!=="q"&&e[t]).length}function st(){A(Object.fromEntries(re.map(e=>[e,null])))}function Xt(){let{assignee:e="",due_from:t="",due_to:n="",overdue:o=""}=D.value,r=I.tasks.value.size,l=I.visible.value.length,d=I.assignees.value,p=se(e)[0]??"",c=u=>h=>A({[u]:h.currentTarget.value});return s`<section class="filters" id="filters" aria-label=${i("filters.label")} data-test="filters">
    <${Qt} name="status" values=${j} />
    <${Qt} name="priority" values=${ne} />
    <label class="field-inline">
      <span class="visually-hidden">${i("field.assignee")}</span>
      <select data-test="filter-assignee" value=${p} onChange=${u=>A({assignee:u.currentTarget.value&&(u.currentTarget.value===X?X:ze([u.currentTarget.value]))})}>
        <option value="" selected=${p===""}>${i("filters.anyone")}</option>
        <option value=${X} selected=${p===X}>${i("filters.nobody")}</option>
        ${d.map(u=>s`<option key=${u} value=${u} selected=${p===u}>${u}</option>`)}
      </select>
    </label>
    <span class="field-inline due-range">
      <span aria-hidden="true">${i("field.due_date")}</span>
      <input type="date" aria-label=${i("filters.due_from")} data-test="filter-due-from" value=${t} onChange=${c("due_from")} />
      <span aria-hidden="true">–</span>
      <input type="date" aria-label=${i("filters.due_to")} data-test="filter-due-to" value=${n} onChange=${c("due_to")} />
    </span>
    <label class="chip"><input type="checkbox" data-test="filter-overdue" checked=${o==="true"} onChange=${()=>A({overdue:o?null:"true"})} /><span><${C} name="warning" />${i("filters.overdue")}</span></label>
    <span class="filters-end">
      <span role="status" data-test="shown">${l===r?i("count.tasks",{count:l}):i("count.of",{count:l,total:r})}</span>
      ${(Ue(D.value)>0||D.value.q)&&s`<button type="button" class="button quiet" data-test="filters-clear" onClick=${st}>${i("filters.clear")}</button>`}
    </span>
  </section>`}function Qt({name:e,values:t}){let n=new Set(se(D.value[e]));function o(r){let l=new Set(n);l.delete(r)||l.add(r),A({[e]:l.size===t.length?null:ze(t.filter(d=>l.has(d)))})}return s`<fieldset class="chips">
    <legend class="visually-hidden">${i(`field.${e}`)}</legend>
    ${t.map(r=>s`<label key=${r} class="chip">
        <input type="checkbox" data-test=${`filter-${e}-${r}`} checked=${n.has(r)} onChange=${()=>o(r)} />
        <span class=${`${e}-${r}`}><${C} name=${r} />${i(`${e}.${r}`)}</span>
      </label>`)}
  </fieldset>`}function Zt(e){let t={},n=r=>r.normalize("NFD").replace(/\p{M}/gu,"").toLowerCase(),o=e.split(/\s+/).filter(r=>{let l=ne.find(p=>[`!${p}`,n(`!${i(`priority.${p}`)}`)].includes(n(r)));l&&(t.priority=l);let d=/^@(\S+)$/.exec(r)?.[1];return d&&(t.assignee=d.replaceAll("_"," ")),!l&&!d});return t.title=o.join(" "),t}function en({begin:e}){let[t,n]=O(""),[o,r]=O(""),[l,d]=O(""),p=()=>z.value=null;async function c(u){u.preventDefault();let h={...e,...Zt(t)};if(!h.title)return;n(""),d(""),r(h.title);let v=await _e(h).outcome();v.kind==="refused"&&(n(y=>y||t),r(""),d(v.problem.message))}return s`<${B} name="quick-add" labelledby="quick-add-title" onClose=${p}>
    <h2 id="quick-add-title" class="visually-hidden">${i("quick.label")}</h2>
    <form onSubmit=${c}>
      <${C} name=${e.status??"todo"} />
      <input
        data-test="quick-title"
        autofocus
        autocomplete="off"
        aria-label=${i("field.title")}
        aria-describedby="quick-hint"
        placeholder=${i("quick.placeholder")}
        value=${t}
        onInput=${u=>n(u.currentTarget.value)}
      />
      <button type="submit" class="button primary" data-test="quick-submit">${i("quick.add")}</button>
    </form>
    <footer>
      <p id="quick-hint">${i("quick.hint")}</p>
      <button
        type="button"
        class="button quiet"
        data-test="quick-more"
        onClick=${()=>{Y.value={...e,...Zt(t)},p()}}
      >
        ${i("quick.more")}
      </button>
    </footer>
    ${o&&s`<p class="quick-last" role="status"><${C} name="done" />${i("task.created",{title:o})}</p>`}
    ${l&&s`<p class="fault" role="alert">${i("sheet.refused",{detail:l})}</p>`}
  <//>`}var Fn=60;function tn(){let e=D.value.q??"",[t,n]=O(e),o=K(0),r=K(e);R(()=>{let d=D.peek().q??"";d!==r.current&&(clearTimeout(o.current),r.current=d,n(d))},[e]);function l(d){n(d),clearTimeout(o.current);let p=()=>{r.current=d,A({q:d},{replace:e!==""&&d!==""})};I.tasks.value.size<1e3?p():o.current=setTimeout(p,Fn)}return s`<form role="search" class="search" onSubmit=${d=>d.preventDefault()}>
    <${C} name="search" />
    <input
      id="search"
      type="search"
      data-test="search"
      aria-label=${i("search.label")}
      placeholder=${i("search.placeholder")}
      autocomplete="off"
      spellcheck=${!1}
      maxlength="200"
      value=${t}
      onInput=${d=>l(d.currentTarget.value)}
      onKeyDown=${d=>{d.key==="Escape"&&(d.preventDefault(),t?l(""):d.currentTarget.blur())}}
    />
    <kbd aria-hidden="true">/</kbd>
  </form>`}function V({name:e,label:t,fault:n,children:o}){let r=`field-${e}`,l={id:r,name:e,"data-test":r,"aria-invalid":n?"true":void 0,"aria-describedby":n?`${r}-fault`:void 0};return s`<div class="field">
    <label for=${r}>${t}</label>
    ${o(l)}
    ${n&&s`<p class="fault" id=${`${r}-fault`} data-test=${`fault-${e}`}>${n}</p>`}
  </div>`}function nn(e){let{title:t="",description:n,status:o="todo",priority:r="medium",assignee:l,due_date:d}=e;return{title:t,description:n??"",status:o,priority:r,assignee:l??"",...Ze(d??null)}}function on(e,t){let n={title:e.title,description:e.description||(t.description===""?"":null),status:e.status,priority:e.priority,assignee:e.assignee.trim()||null,due_date:zt(e,t.due_date??null)},o=oe.filter(r=>!Q(r,n[r],t[r]));return Object.fromEntries(o.map(r=>[r,n[r]]))}function at({task:e,begin:t,gone:n=!1}){let[o,r]=O(e??t),[l,d]=O(()=>nn(e??t)),[p,c]=O(new Map),[u,h]=O(""),[v,y]=O(!1),[k,S]=O(!1),M=K(null),T=on(l,e?o:{status:"todo",priority:"medium",title:""}),b=Object.keys(e?T:on(l,{title:"",status:"todo",priority:"medium",...t})).length>0,g=e!==null&&e.version>(o.version??0);R(()=>{!e||k||e===o||b||(r(e),d(nn(e)))},[e,b,k]),R(()=>{p.size!==0&&M.current?.querySelector("[aria-invalid=true]")?.focus()},[p]);let E=f=>w=>{let{value:q}=w.currentTarget;d(F=>({...F,[f]:q})),y(!1)},x=()=>b&&!v?y(!0):pe();async function L(f){if(f.preventDefault(),k)return;if(e&&!b)return pe();S(!0),h("");let q=await(e?P.update({...o,id:e.id},T):_e(T)).outcome();if(S(!1),q.kind!=="refused")return e&&q.kind==="done"&&be(i("task.saved",{title:l.title})),pe();let{problem:F}=q;c(F.fields),F.fields.size===0&&h(F.message)}function a(f){f.key==="Enter"&&(f.ctrlKey||f.metaKey)&&M.current?.requestSubmit()}let $=e?e.number?i("sheet.edit",{number:String(e.number)}):i("task.sending"):i("sheet.new"),m=f=>({value:l[f],onInput:E(f)});return s`<${B} name="sheet" labelledby="sheet-title" onClose=${x}>
    <form ref=${M} onSubmit=${L} onKeyDown=${a} novalidate>
      <header class="dialog-head">
        <h2 id="sheet-title" tabindex="-1" autofocus=${e!==null}>${$}</h2>
        <button type="button" class="icon-button" data-test="close" aria-label=${i("sheet.close")} onClick=${x}><${C} name="close" /></button>
      </header>
      <div class="sheet-fields">
        ${n&&s`<p class="notice" role="alert" data-test="gone">${i("task.missing")}</p>`}
        ${g&&b&&s`<p class="notice" role="status" data-test="changed-meanwhile">${i("sheet.changed")}</p>`}
        ${u&&s`<p class="fault" role="alert">${i("sheet.refused",{detail:u})}</p>`}
        <${V} name="title" label=${i("field.title")} fault=${p.get("title")}>
          ${f=>s`<textarea ...${f} rows="2" autofocus=${!e} required ...${m("title")} onKeyDown=${Pn}></textarea>`}
        <//>
        <div class="sheet-row">
          <${V} name="status" label=${i("field.status")} fault=${p.get("status")}>
            ${f=>s`<select ...${f} value=${l.status} onChange=${E("status")}>
              ${j.map(w=>s`<option key=${w} value=${w} selected=${l.status===w}>${i(`status.${w}`)}</option>`)}
            </select>`}
          <//>
          <${V} name="priority" label=${i("field.priority")} fault=${p.get("priority")}>
            ${f=>s`<select ...${f} value=${l.priority} onChange=${E("priority")}>
              ${ne.map(w=>s`<option key=${w} value=${w} selected=${l.priority===w}>${i(`priority.${w}`)}</option>`)}
            </select>`}
          <//>
        </div>
        <${V} name="assignee" label=${i("field.assignee")} fault=${p.get("assignee")}>
          ${f=>s`<input ...${f} list="assignees" autocomplete="off" ...${m("assignee")} />`}
        <//>
        <datalist id="assignees">${I.assignees.value.map(f=>s`<option key=${f} value=${f}></option>`)}</datalist>
        <div class="sheet-row">
          <${V} name="due_date" label=${i("field.due_day")} fault=${p.get("due_date")}>
            ${f=>s`<input type="date" ...${f} ...${m("day")} />`}
          <//>
          <${V} name="due_time" label=${i("field.due_time")}>
            ${f=>s`<input type="time" ...${f} disabled=${!l.day} ...${m("time")} />`}
          <//>
        </div>
        <${V} name="description" label=${i("field.description")} fault=${p.get("description")}>
          ${f=>s`<textarea ...${f} rows="7" ...${m("description")}></textarea>`}
        <//>
        ${e&&s`<${Kn} task=${e} />`}
      </div>
      ${v?s`<footer class="dialog-foot" role="alert">
            <p>${i("sheet.discard.question")}</p>
            <button type="button" class="button" data-test="keep-editing" onClick=${()=>y(!1)}>${i("sheet.keep")}</button>
            <button type="button" class="button danger" data-test="discard" onClick=${pe}>${i("sheet.discard")}</button>
          </footer>`:s`<footer class="dialog-foot">
            ${e&&s`<button
              type="button"
              class="button quiet danger"
              data-test="delete"
              onClick=${()=>{de(e),pe()}}
            >
              ${i("sheet.delete")}
            </button>`}
            <button type="submit" class="button primary" data-test="save" aria-busy=${k}>${i(e?"sheet.save":"sheet.create")}</button>
          </footer>`}
    </form>
  <//>`}function Pn(e){e.key!=="Enter"||e.isComposing||(e.preventDefault(),e.currentTarget.form?.requestSubmit())}function Kn({task:e}){return e.version?s`<dl class="facts">
    <div><dt>${i("field.created_at")}</dt><dd>${me(e.created_at)}</dd></div>
    <div><dt>${i("field.updated_at")}</dt><dd>${me(e.updated_at)}</dd></div>
    ${e.completed_at&&s`<div><dt>${i("field.completed_at")}</dt><dd>${me(e.completed_at)}</dd></div>`}
    <div><dt>${i("field.version")}</dt><dd>${e.version}</dd></div>
  </dl>`:null}var $e=_(Ue(D.value)>0&&matchMedia("(min-width: 52rem)").matches),Nn=new Set(["board","list"]);function Un(){return Te.find(e=>e===D.value.view)??"board"}function rn(){let e=Un(),t=Nn.has(e),n=Ue(D.value);return R(()=>{document.title=`${i(`view.${e}`)} · ${i("app.name")}`},[e,J.value]),s`
    <a class="skip" href="#main">${i("app.skip")}</a>
    <${jn} view=${e} ofTasks=${t} count=${n} />
    ${le.state.value==="lost"&&s`<${Yn} />`}
    ${t&&$e.value&&s`<${Xt} />`}
    <main id="main" tabindex="-1" class=${`view view-${e}`} data-test="main">
      ${t&&s`<${Bn} />`}
      <${ot[e]} key=${e} store=${I} api=${te} t=${i} lang=${J.value} route=${D.value} navigate=${A} />
    </main>
    <${Hn} />
    <${qt} />
  `}function jn({view:e,ofTasks:t,count:n}){let o=ut.find(r=>r!==J.value)??"en";return s`<header class="bar">
    <span class="brand" aria-hidden="true"><${C} name="done" /></span>
    <nav aria-label=${i("nav.label")}>
      ${Te.map(r=>s`<a
          key=${r}
          href=${he({view:r==="board"?null:r,task:null})}
          aria-current=${r===e?"page":void 0}
          data-test=${`nav-${r}`}
          onClick=${l=>{l.metaKey||l.ctrlKey||l.shiftKey||(l.preventDefault(),A({view:r==="board"?null:r,task:null}))}}
          >${i(`view.${r}`)}</a
        >`)}
    </nav>
    ${t&&s`<${tn} />
      <button
        type="button"
        class="button quiet"
        data-test="filters-toggle"
        aria-expanded=${$e.value}
        aria-controls=${$e.value?"filters":void 0}
        onClick=${()=>$e.value=!$e.value}
      >
        <${C} name="filter" /><span class="text">${i("filters.toggle")}</span>${n>0&&s`<span class="badge">${n}</span>`}
      </button>`}
    <span class="bar-end">
      <${zn} />
      <button
        type="button"
        class="icon-button lang"
        data-test="lang"
        lang=${o}
        aria-label=${i("lang.switch")}
        title=${i("lang.switch")}
        onClick=${()=>dt(o)}
      >
        ${o.toUpperCase()}
      </button>
      <button type="button" class="icon-button" data-test="keys-open" aria-label=${i("keys.open")} title=${`${i("keys.open")} (?)`} onClick=${()=>ce.value=!0}>
        <${C} name="keyboard" />
      </button>
      <button type="button" class="button primary" data-test="new-task" aria-label=${i("task.new")} title=${`${i("task.new")}`} onClick=${()=>Y.value={}}>
        <${C} name="plus" /><span>${i("task.new")}</span>
      </button>
    </span>
  </header>`}function zn(){let e=le.state.value;return s`<span class=${`state state-${e}`} data-test="connection" data-state=${e} role="status">
    <span class="dot" aria-hidden="true"></span><span class="state-text">${i(`connection.${e}`)}</span>
  </span>`}function Yn(){let e=I.ops.value.length;return s`<div class="banner" role="alert" data-test="offline">
    <${C} name="warning" />
    <p>${i("connection.banner")} ${e>0&&s`<strong data-test="waiting">${i("connection.waiting",{count:e})}</strong>`}</p>
  </div>`}function Bn(){let{done:e,count:t,capped:n,failed:o}=I.loading.value,r=I.tasks.value.size,l=I.visible.value.length;if(o)return s`<p class="notice" role="alert">${i("load.failed",{detail:o})}</p>`;if(e&&r===0){let d=s`<kbd>n</kbd>`,[p,c]=i("empty.all.hint",{key:"\0"}).split("\0");return s`<div class="empty" data-test="empty"><p>${i("empty.all")}</p><p>${p}${d}${c}</p></div>`}return e&&l===0?s`<div class="empty" role="status" data-test="empty">
      <p>${i("empty.filtered")}</p>
      <button type="button" class="button" data-test="clear" onClick=${st}>${i("filters.clear")}</button>
    </div>`:!e&&r===0?s`<p class="empty loading" role="status">${i("view.loading")}</p>`:n?s`<p class="notice" role="status">${i("load.capped",{count:t})}</p>`:$e.value||l===r?null:s`<p class="visually-hidden" role="status">${i("count.of",{count:l,total:r})}</p>`}function Hn(){let e=K(null),t=I.ops.value.find(l=>l.state==="conflict"),n=D.value.task;if(t)return s`<${Jt} key=${t.key} op=${t} />`;if(ce.value)return s`<${Gt} />`;if(z.value)return s`<${en} begin=${z.value} />`;if(Y.value)return s`<${at} key="new" task=${null} begin=${Y.value} />`;if(!n)return null;let o=Kt(n);o&&(e.current={ref:n,task:o});let r=o??(e.current?.ref===n?e.current.task:void 0);return r?s`<${at} key=${I.keyOf(r.id)} task=${r} begin=${{}} gone=${!o} />`:I.loading.value.done?s`<${Wn} />`:null}function Wn(){return s`<p class="notice missing" role="alert" data-test="missing">
    ${i("task.missing")} <button type="button" class="button quiet" onClick=${()=>A({task:null},{replace:!0})}>${i("dismiss")}</button>
  </p>`}var sn=document.getElementById("app");sn&&it(s`<${rn} />`,sn);Vt();Ft();
