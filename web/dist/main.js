import{a as ut,b as O,c as R,d as Z,e as P,f as dt,h as M,i as U,j as ft,l as r,m as pt,n as ee,o as mt,p as i,r as se}from"./chunk-QEIVZ23P.js";var j=class extends Error{constructor(t){super(t.detail||t.title),this.name="Problem",this.status=t.status,this.type=t.type,this.title=t.title,this.detail=t.detail,this.requestId=t.request_id??"",this.errors=t.errors??[]}get passing(){return[408,425,429,502,503,504].includes(this.status)}get fields(){let t=new Map;for(let n of this.errors){let o=(n.pointer??"").split("/")[1];o&&!t.has(o)&&t.set(o,n.detail)}return t}},re=class extends Error{constructor(t){super("the service cannot be reached",{cause:t}),this.name="Unreachable"}};var dn=15e3;async function $t(e,{method:t="GET",body:n,ifMatch:o,key:s,keepalive:a}={}){let f=new Headers({accept:"application/json"});n!==void 0&&f.set("content-type","application/json"),o&&f.set("if-match",o),s&&f.set("idempotency-key",s);let m,l=null;try{m=await fetch(e,{method:t,headers:f,body:n===void 0?void 0:JSON.stringify(n),keepalive:a,signal:a?void 0:AbortSignal.timeout(dn)});let c=await m.text(),g=(m.headers.get("content-type")??"").includes("json");c&&g&&(l=JSON.parse(c))}catch(c){throw new re(c)}if(!m.ok){let{status:c,statusText:g}=m;throw new j({type:"about:blank",title:g,detail:"",...l,status:c})}return{value:l,status:m.status,headers:m.headers}}function fn(e){let t=/<([^>]+)>;\s*rel="next"/.exec(e.get("link")??"");if(!t)return null;let n=new URL(t[1],location.origin);return n.pathname+n.search}var ae={send:$t,next:fn,get:async e=>(await $t(e)).value};function ht(){let e=M("connecting"),t="connecting",n=new Set;function o(s){let a=e.value;if(e.value=s,a==="lost"&&s!=="lost")for(let f of n)f()}return{state:e,follow(s){t=s,o(s)},broken(){t="connecting",o("lost")},missed:()=>o("lost"),reached:()=>o(t),onReturn:s=>{n.add(s)}}}var pn={æ:"ae",œ:"oe",ø:"o",đ:"d",ð:"d",ħ:"h",ı:"i",ĸ:"k",ł:"l",ŋ:"n",þ:"th",ŧ:"t",ƒ:"f",ʼ:"'",ß:"ss"};function Be(e){return e.normalize("NFKD").replace(/\p{M}+/gu,"").toLowerCase().replace(/[æœøđðħıĸłŋþŧƒʼß]/g,t=>pn[t]).normalize("NFC")}var H=["todo","in_progress","done"],ie=["high","medium","low"],W=["title","description","status","priority","assignee","due_date"];function De(e){return Object.fromEntries(W.map(t=>[t,e[t]]))}function gt(e,t){return`"${e}.${t}"`}function vt(e,t){let n={...e,...t};return n.completed=n.status==="done",n.completed!==e.completed&&(n.completed_at=n.completed?new Date().toISOString():null),n}function yt(e,t,n){return{id:e,number:0,title:"",description:null,status:"todo",priority:"medium",assignee:null,due_date:null,...t,completed:t.status==="done",completed_at:t.status==="done"?n:null,created_at:n,updated_at:n,version:0}}function G(e,t,n){return e==="due_date"&&t&&n?Date.parse(t)===Date.parse(n):(t??null)===(n??null)}function _e(e,t){return e.due_date!==null&&!e.completed&&Date.parse(e.due_date)<t}var le=["q","status","priority","assignee","due_from","due_to","overdue"];function ce(e){return e===void 0||e===""?[]:e.split(",").map(t=>t.replace(/%2C/g,",").replace(/%25/g,"%"))}function We(e){return[...e].map(t=>t.replace(/%/g,"%25").replace(/,/g,"%2C")).join(",")}var te="-";function Ve(e){let t=n=>n?new Set(ce(n)):null;return{words:Be(e.q??"").split(/\s+/).filter(Boolean),statuses:t(e.status),priorities:t(e.priority),assignees:t(e.assignee),from:bt(e.due_from,0)??-1/0,to:bt(e.due_to,1)??1/0,overdue:e.overdue==="true"}}function bt(e,t){let n=/^(\d{4})-(\d\d)-(\d\d)$/.exec(e??"");return n?new Date(+n[1],+n[2]-1,+n[3]+t).getTime():null}var wt=new WeakMap;function mn(e){let t=wt.get(e);return t===void 0&&(t=Be([e.title,e.description,e.assignee,e.number&&`#${e.number}`].join(`
`)),wt.set(e,t)),t}function kt(e,t,n){if(t.statuses&&!t.statuses.has(e.status)||t.priorities&&!t.priorities.has(e.priority)||t.assignees&&!t.assignees.has(e.assignee??te)||t.overdue&&!_e(e,n))return!1;if(t.from!==-1/0||t.to!==1/0){let s=e.due_date===null?NaN:Date.parse(e.due_date);if(!(s>=t.from&&s<t.to))return!1}if(t.words.length===0)return!0;let o=mn(e);return t.words.every(s=>o.includes(s))}function xt(e){let t=Ve(e),n=new URLSearchParams;e.q?.trim()&&n.set("q",e.q.trim().slice(0,200)),t.statuses&&n.set("status",[...t.statuses].join(",")),t.priorities&&n.set("priority",[...t.priorities].join(","));for(let o of t.assignees??[])n.append("assignee",o===te?"":o);return t.from!==-1/0&&n.set("due_after",new Date(t.from).toISOString()),t.to!==1/0&&n.set("due_before",new Date(t.to).toISOString()),t.overdue&&n.set("overdue","true"),n}var $n=200,St=1e3,hn=2e4;async function Et(e,t){let n=[...e.server.keys()],o=new Set,s=`/tasks?limit=${$n}`;for(;s&&o.size<hn;){let{value:f,headers:m}=await t.send(s);for(let l of f)o.add(l.id);e.learn(f),e.loading.value={...e.loading.value,count:o.size,failed:""},s=t.next(m)?.replace(/([?&]limit=)\d+/,`$1${St}`)??null}let a=s!==null;a||e.keepOnly(o,n),e.loading.value={done:!0,count:o.size,capped:a,failed:""}}async function Tt(e,t,n){let o=xt(n);o.size!==0&&(o.set("limit",String(St)),e.learn(await t.get(`/tasks?${o}`)))}var ue=500,It=4e3,gn=3e3,vn=3e4,yn=6e4,bn=100;function Ct({store:e,api:t,connection:n}){let o="",s=ue,a=0,f=!0,m=Promise.resolve();function l({anew:w=!1}={}){f=!1;let h=()=>(w&&e.doubt(),Et(e,t));return m=m.then(h).catch(k=>{f=!0,k instanceof j||n.missed();let S=k instanceof j?k.message:"";e.loading.value={...e.loading.value,failed:S}}),m}let c=[];e.ops.subscribe(w=>{if(c.length===0||w.some(k=>k.kind==="create"&&k.state==="sending"))return;let h=c;c=[],queueMicrotask(()=>h.forEach(k=>k()))});function g(w){e.ops.peek().some(k=>k.kind==="create"&&k.state==="sending")||c.length>0?c.push(w):w()}let v=null,b;function T(w,h){clearTimeout(b),b=setTimeout(w,h)}function I(){a=Date.now(),v?.close();let w=new EventSource(`/tasks/events${o&&`?last_event_id=${encodeURIComponent(o)}`}`);v=w;let h=!1,k=S=>_=>{o=_.lastEventId||o;let x=JSON.parse(_.data);g(()=>S(x))};w.addEventListener("open",()=>{h=!0,s=ue,clearTimeout(b),n.follow("live"),(f||!o)&&l()}),w.addEventListener("hello",S=>{o||=S.lastEventId||String(JSON.parse(S.data).id)}),w.addEventListener("task.created",k(S=>e.learn([S]))),w.addEventListener("task.updated",k(S=>e.learn([S]))),w.addEventListener("task.deleted",k(S=>e.forget(S.id,S.version))),w.addEventListener("resync",S=>{o=S.lastEventId||o,l({anew:!0})}),w.addEventListener("error",()=>{w.close(),h&&n.broken(),T(h?I:A,h?ue:0)})}async function A(){try{let{value:w,headers:h}=await t.send(`/tasks?sort=-updated_at&limit=${bn}&count=true`);n.follow("polling"),s=ue,await m,g(()=>e.learn(w));let k=Number(h.get("x-total-count")),S=e.loading.peek().capped||e.server.size===k;(f||!S)&&await l(),T(Date.now()-a>vn?I:A,gn)}catch(w){(!(w instanceof j)||w.passing)&&n.broken(),s=Math.min(s*2,It),T(I,s)}}I(),T(()=>{l(),f=!0},ue),addEventListener("offline",()=>{v?.close(),n.broken(),T(I,It)});let E;document.addEventListener("visibilitychange",()=>{clearTimeout(E),document.hidden?E=setTimeout(()=>{v?.close(),clearTimeout(b)},yn):v?.readyState===EventSource.CLOSED&&T(I,0)}),addEventListener("online",()=>{s=ue,T(I,0)})}function J(){let e=crypto.getRandomValues(new Uint8Array(16));return Array.from(e,t=>t.toString(16).padStart(2,"0")).join("")}var de="taskmanager.outbox.",Dt="taskmanager.window";async function Mt(){let e=sessionStorage.getItem(Dt)??J();await Ge(e)||(e=J(),await Ge(e)),sessionStorage.setItem(Dt,e);let t=_t(e);for(let o of Object.keys(localStorage)){let s=o.startsWith(de)?o.slice(de.length):e;s===e||!navigator.locks||!await Ge(s)||(t.push(..._t(s)),localStorage.removeItem(o))}let n=o=>{o.length===0?localStorage.removeItem(de+e):localStorage.setItem(de+e,JSON.stringify(o))};return n(t),{ops:t,keep:n}}function Ge(e){return navigator.locks?new Promise(t=>{navigator.locks.request(de+e,{ifAvailable:!0},n=>(t(n!==null),n?new Promise(()=>{}):void 0))}):Promise.resolve(!0)}function _t(e){try{return JSON.parse(localStorage.getItem(de+e)??"[]").map(n=>({...n,state:"waiting",sent:n.sent||n.kind==="delete"&&n.state==="sending"}))}catch{return[]}}var wn=2e3,kn=250;function Ot({api:e,store:t,connection:n,refused:o,keep:s}){let a=new Map,f=!1,m;function l(u){t.ops.value=u,s(u)}function c(u,d){let p={...u,...d};return l(t.ops.value.map($=>$.key===u.key?p:$)),p}function g(u){l(t.ops.value.filter(d=>!u(d)))}function v(u,d){let p=a.get(u.key);return a.delete(u.key),p?.(d),p!==void 0}function b(u){let d={notBefore:0,...u,key:J(),at:new Date().toISOString(),state:"waiting"};l([...t.ops.value,d]);let p=()=>new Promise($=>a.set(d.key,$));return setTimeout(E),{op:d,outcome:p}}function T(){let u=new Set;for(let d of t.ops.value){if(d.state==="waiting"&&I(d)<=Date.now()&&!u.has(d.id))return d;u.add(d.id)}return null}function I(u){return u.sent&&!t.loading.value.done?Date.now()+kn:u.notBefore}function A(u){let{done:d,capped:p}=t.loading.value;return u.sent===!0&&u.kind==="delete"&&d&&!p&&!t.server.has(u.id)}async function E(){if(clearTimeout(m),f)return;f=!0;let u=!0;for(let $=T();$&&u;$=u?T():null)A($)?k($,null):u=await w(c($,{state:"sending"}));f=!1;let d=t.ops.value.filter($=>$.state==="waiting").map(I);if(d.length===0)return;let p=u?Math.max(0,Math.min(...d)-Date.now()):2e3;m=setTimeout(E,p+1)}async function w(u){try{let d=await h(u);return n.reached(),k(u,d.value),!0}catch(d){return d instanceof j&&!d.passing?(n.reached(),await S(u,d)):(d instanceof re&&n.missed(),c(u,{state:"waiting"}),v(u,{kind:"kept"}),!1)}}function h({kind:u,id:d,change:p,base:$,key:y},{keepalive:Y}={}){if(u==="create")return e.send("/tasks",{method:"POST",body:p,key:y,keepalive:Y});let N=gt(d,$);return u==="delete"?e.send(`/tasks/${d}`,{method:"DELETE",ifMatch:N,keepalive:Y}):e.send(`/tasks/${d}`,{method:"PATCH",body:p,ifMatch:N,keepalive:Y})}function k(u,d){let p=d?.id??u.id;p!==u.id&&t.firstIds.set(p,u.id),d?t.learn([d]):t.forget(u.id,u.base);let $=t.ops.value.filter(y=>y.key!==u.key);l($.map(y=>y.id===u.id&&d?{...y,id:p,base:d.version}:y)),v(u,{kind:"done",task:d})}async function S(u,d){if(d.status===404&&u.kind!=="create")return _(u),!0;if(d.status===409)return c(u,{state:"waiting",notBefore:Date.now()+1e3}),!0;if(d.status===412)return await x(u);let p=y=>y.key===u.key||u.kind==="create"&&y.id===u.id,$=Object.assign({},...t.ops.value.filter(p).map(y=>y.change));return g(p),v(u,{kind:"refused",problem:d})||o(d,{...u,change:$}),!0}function _(u){t.forget(u.id,u.base);let d=t.ops.value.filter(N=>N.id===u.id),p=d.every(N=>N.kind==="update"),[$]=d,y=Object.assign({},...d.map(N=>N.change)),Y=p&&$?[{...$,title:y.title??$.title,change:y,state:"gone"}]:[];l(t.ops.value.flatMap(N=>N===$?Y:N.id===u.id?[]:[N])),v(u,u.kind==="delete"?{kind:"done",task:null}:{kind:"gone"})}async function x(u){let d;try{d=await e.get(`/tasks/${u.id}`)}catch($){return $ instanceof j&&$.status===404?(_(u),!0):(c(u,{state:"waiting"}),!1)}t.learn([d]);let p=Object.keys(u.change);return u.kind==="update"&&p.every($=>G($,u.change[$],d[$]))?(k(u,d),!0):(c(u,{state:"conflict"}),v(u,{kind:"conflict"}),!0)}function K(u){return b({kind:"create",id:`new-${J()}`,title:u.title??"",change:u,base:0})}return{flush:E,create:K,update:(u,d)=>b({kind:"update",id:u.id,title:d.title??u.title,change:d,base:u.version,seen:De(u)}),remove(u,d){let{id:p,title:$,version:y}=u;return b({kind:"delete",id:p,title:$,change:{},base:y,seen:De(u),notBefore:Date.now()+d})},cancel(u){let d=t.ops.value.find(p=>p.key===u&&p.state!=="sending"&&!p.sent);return d&&g(p=>p.key===u),d!==void 0},resolve(u,d){let p=t.server.get(u.id);d===null?g($=>$.key===u.key):p?c(u,{change:d,base:p.version,seen:De(p),state:"waiting"}):_(c(u,{change:d})),E()},restore(u,d){d&&K({...u.seen,...u.change}),g(p=>p.key===u.key)},vanish:_,leave(){for(let u of t.ops.value)u.kind==="delete"&&u.state==="waiting"&&!u.sent&&u.notBefore>Date.now()&&(c(u,{sent:!0,notBefore:Date.now()+wn}),h(u,{keepalive:!0}).catch(()=>{}))}}}function Je(){return Object.fromEntries(new URLSearchParams(location.search))}var L=M(Je());function be(e){let t=new URLSearchParams;for(let[o,s]of Object.entries({...L.value,...e}))s&&t.set(o,s);let n=t.toString().replaceAll("%2C",",");return n?`/?${n}`:"/"}function q(e,{replace:t=!1}={}){let n=be(e);n!==location.pathname+location.search&&(t?history.replaceState(history.state,"",n):history.pushState({within:!0},"",n),L.value=Je())}addEventListener("popstate",()=>{L.value=Je()});var Me={low:0,medium:1,high:2},Lt={todo:0,in_progress:1,done:2},Qe=["number","title","status","priority","assignee","due_date","updated_at"];function Xe(e,t){return Me[t.priority]-Me[e.priority]||Q(e.due_date??"~",t.due_date??"~")||Q(t.created_at,e.created_at)||Q(t.id,e.id)}function At(e,t){return Q(t.completed_at??"",e.completed_at??"")||Q(t.id,e.id)}function Q(e,t){return e<t?-1:e>t?1:0}var xn=64;function we(e,t,n){let o=new Set(t),s=e.filter(a=>o.delete(a));if(o.size>xn)return t.toSorted(n);for(let a of o){let[f,m]=[0,s.length];for(;f<m;){let l=f+m>>1;n(s[l],a)<=0?f=l+1:m=l}s.splice(f,0,a)}return s}function Ze(e=""){let t=e.startsWith("-"),n=Qe.find(o=>o===e.replace(/^-/,""));return n?{key:n,descending:t}:{key:"number",descending:!0}}function qt(e,t){let{key:n,descending:o}=Ze(e),s=o?-1:1,{compare:a}=new Intl.Collator(t,{numeric:!0,sensitivity:"base"}),f={number:(l,c)=>(l.number||1/0)-(c.number||1/0)||0,title:(l,c)=>a(l.title,c.title),status:(l,c)=>Lt[l.status]-Lt[c.status],priority:(l,c)=>Me[l.priority]-Me[c.priority],assignee:(l,c)=>a(l.assignee??"",c.assignee??""),due_date:(l,c)=>Q(l.due_date??"",c.due_date??""),updated_at:(l,c)=>Q(l.updated_at,c.updated_at)}[n],m=l=>l[n]===null?1:0;return(l,c)=>m(l)-m(c)||f(l,c)*s||Q(c.id,l.id)}var Sn=3e4;function Rt(){let e=new Map,t=new Map,n=new Set,o=new Map,s=M(0),a=M(Date.now());setInterval(()=>a.value=Date.now(),Sn);let f=M([]),m=M({done:!1,count:0,capped:!1,failed:""}),l=[],c=U(()=>{let p=($,y)=>$.key===l[y].key&&$.id===l[y].id&&$.change===l[y].change;return(f.value.length!==l.length||!f.value.every(p))&&(l=f.value),l}),g=U(()=>{s.value;let p=new Map(e);for(let $ of c.value){let y=p.get($.id);$.kind==="create"?p.set($.id,yt($.id,$.change,$.at)):$.kind==="delete"?p.delete($.id):y&&p.set($.id,vt(y,$.change))}return p}),v=U(()=>JSON.stringify(le.map(p=>L.value[p]??""))),b=U(()=>L.value.sort),T=U(()=>{let p=JSON.parse(v.value);return Ve(Object.fromEntries(le.map(($,y)=>[$,p[y]])))}),I=U(()=>{let p=[];for(let $ of g.value.values())kt($,T.value,a.value)&&p.push($);return p}),A={todo:[],in_progress:[],done:[]},E=U(()=>{let p={todo:[],in_progress:[],done:[]};for(let $ of I.value)p[$.status].push($);return A={todo:we(A.todo,p.todo,Xe),in_progress:we(A.in_progress,p.in_progress,Xe),done:we(A.done,p.done,At)},A}),w=U(()=>qt(b.value,ee.value)),h={by:null,rows:[]},k=U(()=>{let p=h.by===w.value?h.rows:[];return h={by:w.value,rows:we(p,I.value,w.value)},h.rows}),S=U(()=>{let p=new Set;for(let $ of g.value.values())$.assignee&&p.add($.assignee);return[...p].sort(new Intl.Collator(ee.value).compare)});function _(p){let $=!1;for(let y of p){let Y=Math.max(e.get(y.id)?.version??0,t.get(y.id)??0);(n.delete(y.id)||y.version>Y)&&(e.set(y.id,y),$=!0)}$&&(s.value+=1)}function x(){t.clear();for(let p of e.keys())n.add(p)}function K(p,$){n.delete(p),t.set(p,Math.max($,t.get(p)??0)),e.delete(p)&&(s.value+=1)}function u(p,$){let y=!1;for(let Y of $)p.has(Y)||(y=e.delete(Y)||y);y&&(s.value+=1)}return{server:e,ops:f,loading:m,now:a,filterKey:v,tasks:g,visible:I,columns:E,rows:k,assignees:S,firstIds:o,learn:_,doubt:x,forget:K,keepOnly:u,keyOf:p=>o.get(p)??p}}var Ft=r`<circle cx="8" cy="8" r="5.75" />`,En={todo:Ft,in_progress:r`${Ft}<path class="fill" d="M8 4.5a3.5 3.5 0 0 1 0 7z" />`,done:r`<circle class="fill" cx="8" cy="8" r="6.5" /><path class="cut" d="m5.2 8.2 2 2 3.7-4.2" />`,high:r`<path d="m4 9 4-4 4 4M4 12.5l4-4 4 4" />`,medium:r`<path d="M4 8h8" />`,low:r`<path d="m4 6.5 4 4 4-4" />`,plus:r`<path d="M8 3.5v9M3.5 8h9" />`,close:r`<path d="m4.5 4.5 7 7m0-7-7 7" />`,search:r`<circle cx="7" cy="7" r="4.25" /><path d="m10.2 10.2 3.3 3.3" />`,filter:r`<path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3" />`,due:r`<rect x="2.75" y="3.75" width="10.5" height="9.5" rx="1.5" /><path d="M2.75 6.75h10.5M5.5 2.5v2.5M10.5 2.5v2.5" />`,warning:r`<path d="M8 2.8 14 13H2z" /><path d="M8 6.6v3M8 11.3v.1" />`,more:r`<path class="dots" d="M3.5 8h.01M8 8h.01M12.5 8h.01" />`,up:r`<path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7" />`,down:r`<path d="M8 3.5v9M4.5 9 8 12.5 11.5 9" />`,keyboard:r`<rect x="1.75" y="4.25" width="12.5" height="7.5" rx="1.5" /><path d="M4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5.5 9.5h5" />`};function D({name:e}){return r`<svg class=${`icon icon-${e}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${En[e]}</svg>`}var Tn=4e3,In=9e3,ke=M([]),et=M("");function tt(e){ke.value=ke.value.filter(t=>t.id!==e)}function Oe(e,{kind:t="news",action:n,stays:o}={}){let s=J();ke.value=[...ke.value.slice(-2),{id:s,text:e,kind:t,action:n}],setTimeout(()=>tt(s),o??(n||t==="fault"?In:Tn))}function ne(e){et.value=et.value===e?`${e} `:e}function Pt(){return r`
    <div class="visually-hidden" role="status" data-test="announcer">${et.value}</div>
    <div class="toasts" role="log" aria-live="polite" aria-label=${i("app.name")} data-test="toasts">
      ${ke.value.map(({id:e,text:t,kind:n,action:o})=>r`<div key=${e} class=${`toast ${n}`} data-test="toast">
          <p>${t}</p>
          ${o&&r`<button
            type="button"
            class="toast-action"
            data-test="toast-action"
            onClick=${()=>{tt(e),o.run()}}
          >
            ${o.label}
          </button>`}
          <button type="button" class="icon-button" aria-label=${i("dismiss")} onClick=${()=>tt(e)}>
            <${D} name="close" />
          </button>
        </div>`)}
    </div>
  `}var Kt=6e3,Cn=300,C=Rt(),fe=ht(),nt=()=>{},F=Ot({api:ae,store:C,connection:fe,keep:e=>nt(e),refused:(e,t)=>{Oe(i("error.refused",{title:t.title,detail:e.message}),{kind:"fault"}),t.kind==="create"&&(B.value??=t.change)}}),V=M(null),pe=M(!1),B=M(null);async function Nt(){Ct({store:C,api:ae,connection:fe}),fe.onReturn(()=>{Oe(i("connection.back")),F.flush()}),addEventListener("pagehide",F.leave),Dn();let e=await Mt();C.ops.value=[...e.ops,...C.ops.value],nt=e.keep,nt(C.ops.value),F.flush()}function Dn(){let e;ft(()=>{C.filterKey.value,clearTimeout(e),C.loading.value.capped&&(e=setTimeout(()=>Tt(C,ae,L.value).catch(()=>{}),Cn))})}function Le(e){return ne(i("task.created",{title:e.title??""})),F.create(e)}function me(e,t){e.status!==t&&(F.update(e,{status:t}),ne(i("task.moved",{title:e.title,status:i(`status.${t}`)})))}function Ut(e){me(e,e.completed?"todo":"done")}function $e(e){let{op:t}=F.remove(e,Kt),n={label:i("undo"),run:()=>{F.cancel(t.key)}};Oe(i("task.deleted",{title:e.title}),{action:n,stays:Kt})}function jt(e){if(e){for(let t of C.tasks.value.values())if(String(t.number)===e||C.keyOf(t.id)===e)return t}}function he(e){q({task:e.number?String(e.number):C.keyOf(e.id)})}function ge(){B.value=null,L.value.task&&(history.state?.within?history.back():q({task:null},{replace:!0}))}function z({name:e,labelledby:t,onClose:n,children:o}){let s=P(null);R(()=>{let m=document.activeElement;return s.current?.showModal(),()=>{(m?.isConnected&&m!==document.body?m:document.getElementById("main"))?.focus({preventScroll:!0})}},[]);function a(m){m.target===s.current&&n()}function f(){n(),requestAnimationFrame(()=>{s.current?.isConnected&&!s.current.open&&s.current.showModal()})}return r`<dialog
    ref=${s}
    class=${`dialog ${e}`}
    data-test=${e}
    aria-labelledby=${t}
    onCancel=${m=>{m.preventDefault(),n()}}
    onClose=${f}
    onMouseDown=${a}
  >
    <div class="dialog-body">${o}</div>
  </dialog>`}function zt(e,t){let n=null,o=null,s=0,a=0,f=0;function m(h){let k=h.target,S=k.closest("[data-id]");if(!S||n||h.button!==0||!h.isPrimary||k.closest("select, .check"))return;[s,a]=[h.clientX,h.clientY];let _=h.pointerType==="mouse"?void 0:setTimeout(l,260);o={card:S,id:h.pointerId,x:s,y:a,timer:_}}function l(){if(!o)return;let{card:h,id:k}=o,S=h.getBoundingClientRect(),_=h.cloneNode(!0);_.className+=" ghost",_.removeAttribute("data-id"),_.removeAttribute("data-test"),_.setAttribute("aria-hidden","true"),_.style.width=`${S.width}px`,_.style.height=`${S.height}px`,document.body.append(_),e.setPointerCapture(k),e.classList.add("dragging"),h.classList.add("lifted"),n={card:h,ghost:_,dx:o.x-S.left,dy:o.y-S.top,over:null},c(),g()}function c(){if(!n)return;n.ghost.style.transform=`translate(${s-n.dx}px, ${a-n.dy}px)`;let h=document.elementFromPoint(s,a)?.closest("[data-column]")??null,k=e.contains(h)?h:null;k!==n.over&&(n.over?.classList.remove("target"),k?.classList.add("target"),n.over=k)}function g(){if(!n)return;let h=e.getBoundingClientRect();s>h.right-40?e.scrollLeft+=10:s<h.left+40&&(e.scrollLeft-=10),f=requestAnimationFrame(g)}function v(h){!o||h.pointerId!==o.id||([s,a]=[h.clientX,h.clientY],n?c():Math.hypot(s-o.x,a-o.y)>5&&(h.pointerType==="mouse"?l():I()))}function b(h){if(!o||h.pointerId!==o.id)return;let{id:k}=o.card.dataset,S=n?.over?.dataset.column;n&&addEventListener("click",T,{capture:!0,once:!0}),setTimeout(()=>removeEventListener("click",T,{capture:!0})),I(),k&&S&&t(k,S)}function T(h){h.preventDefault(),h.stopPropagation()}function I(){clearTimeout(o?.timer),cancelAnimationFrame(f),n&&(n.ghost.remove(),n.card.classList.remove("lifted"),n.over?.classList.remove("target"),e.classList.remove("dragging")),n=null,o=null}function A(h){h.key!=="Escape"||!n||(h.stopPropagation(),I())}let E=h=>n&&h.cancelable&&h.preventDefault(),w=h=>n&&h.preventDefault();return e.addEventListener("pointerdown",m),addEventListener("pointermove",v),addEventListener("pointerup",b),addEventListener("pointercancel",I),addEventListener("keydown",A,!0),e.addEventListener("touchmove",E,{passive:!1}),e.addEventListener("contextmenu",w),e.addEventListener("dragstart",T),()=>{I(),e.removeEventListener("pointerdown",m),removeEventListener("pointermove",v),removeEventListener("pointerup",b),removeEventListener("pointercancel",I),removeEventListener("keydown",A,!0),e.removeEventListener("touchmove",E),e.removeEventListener("contextmenu",w),e.removeEventListener("dragstart",T)}}var Yt=864e5;function Ht(e){let t=new Date(e),n=t.getTime()%Yt===0,o=t.getHours()===23&&t.getMinutes()===59;return{date:t,utc:n,timed:!n&&!o}}var Ae=e=>String(e).padStart(2,"0"),_n=e=>`${String(e.getFullYear()).padStart(4,"0")}-${Ae(e.getMonth()+1)}-${Ae(e.getDate())}`;function ot(e){if(!e)return{day:"",time:""};let{date:t,timed:n,utc:o}=Ht(e);return o?{day:e.slice(0,10),time:""}:{day:_n(t),time:n?`${Ae(t.getHours())}:${Ae(t.getMinutes())}`:""}}function Bt(e,t){let n=ot(t);if(e.day===n.day&&e.time===n.time)return t;if(!e.day)return null;let o=new Date(`${e.day}T${e.time||"23:59"}`);return Number.isNaN(o.getTime())?e.day:o.toISOString()}function qe(e,t,{short:n=!1}={}){let{date:o,timed:s,utc:a}=Ht(e),f=a?{timeZone:"UTC"}:{},m=a?o.getTime():Date.UTC(o.getFullYear(),o.getMonth(),o.getDate()),l=new Date(t),c=Math.round((m-Date.UTC(l.getFullYear(),l.getMonth(),l.getDate()))/Yt),g;if(c===0)g=i("date.today");else if(c===1)g=i("date.tomorrow");else if(c===-1)g=i("date.yesterday");else{let v=(a?o.getUTCFullYear():o.getFullYear())===l.getFullYear(),b=!n&&c>1&&c<7;g=se(o,{...f,...b?{weekday:"short"}:{},day:"numeric",month:"short",...v||b?{}:{year:"numeric"}})}return!s||n&&Math.abs(c)>1?g:`${g}, ${se(o,{hour:"numeric",minute:"2-digit"})}`}function Wt(e,t){let[n,o]=[new Date(e),new Date(t)];if(n.toDateString()===o.toDateString())return se(n,{hour:"numeric",minute:"2-digit"});let s=n.getFullYear()===o.getFullYear()?{}:{year:"numeric"};return se(n,{day:"numeric",month:"short",...s})}function ve(e){return se(new Date(e),{dateStyle:"medium",timeStyle:"short"})}function Re({task:e,tabIndex:t}){let n=i(e.completed?"task.reopen":"task.finish",{title:e.title});return r`<button
    type="button"
    class=${`check status-${e.status}`}
    data-test="finish"
    aria-label=${n}
    aria-pressed=${e.completed}
    tabindex=${t}
    onClick=${()=>Ut(e)}
  >
    <${D} name=${e.status} />
  </button>`}function Fe({task:e,tabIndex:t,compact:n=!1}){return r`<span class=${n?"mover compact":"mover"}>
    ${n&&r`<${D} name="more" />`}
    <select
      aria-label=${i("task.move",{title:e.title})}
      data-test="move"
      tabindex=${t}
      value=${e.status}
      onChange=${o=>me(e,o.currentTarget.value)}
    >
      ${H.map(o=>r`<option key=${o} value=${o} selected=${o===e.status}>${i(`status.${o}`)}</option>`)}
    </select>
  </span>`}function xe({priority:e}){return r`<span class=${`mark priority-${e}`}><${D} name=${e} /><span class="mark-text">${i(`priority.${e}`)}</span></span>`}function Se({task:e,now:t,short:n}){if(!e.due_date)return null;let o=_e(e,t);return r`<span class=${o?"mark overdue":"mark due"} data-test="due">
    <${D} name=${o?"warning":"due"} />
    ${o&&r`<span class="visually-hidden">${i("task.overdue")}: </span>`}
    <span>${qe(e.due_date,t,{short:n})}</span>
  </span>`}var Vt=6,Pe=4,Ee=()=>parseFloat(getComputedStyle(document.documentElement).fontSize);function Ke(e,t,n=0){let o=P(null),[s,a]=O({first:0,last:24}),f=dt(()=>{let c=o.current;if(!c)return;let g=Math.max(0,c.scrollTop-n),v=Math.max(0,Math.floor((g/t-Vt)/Pe)*Pe),b=Math.ceil(((g+c.clientHeight)/t+Vt)/Pe)*Pe;a(T=>T.first===v&&T.last===b?T:{first:v,last:b})},[t,n]);Z(()=>{let c=o.current;if(!c)return;f();let g=new ResizeObserver(f);return g.observe(c),c.addEventListener("scroll",f,{passive:!0}),()=>{g.disconnect(),c.removeEventListener("scroll",f)}},[f]);let m=c=>{let g=o.current;if(!g||c<0)return;let v=n+c*t;v-n<g.scrollTop?g.scrollTop=v-n:v+t>g.scrollTop+g.clientHeight&&(g.scrollTop=v+t-g.clientHeight)},l=Math.min(s.last,e);return{ref:o,first:Math.min(s.first,l),last:l,reveal:m}}function Ne(e,t,n,o){let s=Array.from({length:Math.max(0,t-e)},(a,f)=>e+f);return n>=0&&n<o&&n<e?s.unshift(n):n>=t&&n<o&&s.push(n),s}var Mn=5.25,Ue=M(""),st=!1;function Te(e){Ue.value=e,st=!0}function rt({store:e,t,route:n}){let o=P(null),s=ce(n.status),a=H.filter(l=>s.length===0||s.includes(l)),f=e.columns.value;R(()=>{if(o.current)return zt(o.current,(l,c)=>{let g=e.tasks.value.get(l);g&&me(g,c)})},[]);function m(l){let g=l.target.closest("[data-id]")?.getAttribute("data-id"),v=g?e.tasks.value.get(g):void 0;if(!v||l.ctrlKey||l.metaKey||l.target.tagName==="SELECT")return;let b=a.indexOf(v.status),T=f[v.status].findIndex(E=>E.id===v.id),I={ArrowLeft:-1,ArrowRight:1}[l.key],A={ArrowUp:-1,ArrowDown:1}[l.key];if(l.altKey&&I){let E=H[H.indexOf(v.status)+I];E&&(Te(v.id),me(v,E))}else if(I)for(let E=b+I;a[E];E+=I){let w=f[a[E]];if(w.length!==0){Te(w[Math.min(T,w.length-1)].id);break}}else if(A){let E=f[v.status][T+A];E&&Te(E.id)}else if(l.key==="Home"||l.key==="End"){let E=f[v.status].at(l.key==="Home"?0:-1);E&&Te(E.id)}else if(l.key==="Delete"){let E=f[v.status][T+1]??f[v.status][T-1];E&&Te(E.id),$e(v)}else return;l.preventDefault()}return r`<div class="board" ref=${o} onKeyDown=${m} role="group" aria-label=${t("board.label")} data-test="board">
    <h1 class="visually-hidden">${t("view.board")}</h1>
    <p class="visually-hidden" id="board-hint">${t("board.hint")}</p>
    ${a.map(l=>r`<${On} key=${l} status=${l} tasks=${f[l]} store=${e} t=${t} />`)}
  </div>`}function On({status:e,tasks:t,store:n,t:o}){let s=Mn*Ee(),{ref:a,first:f,last:m,reveal:l}=Ke(t.length,s),c=t.findIndex(b=>b.id===Ue.value||n.keyOf(b.id)===Ue.value),g=n.now.value;Z(()=>{if(!st||c<0)return;l(c);let b=a.current?.querySelector(`[data-id="${t[c].id}"] .card-title`);b&&(st=!1,b.focus({preventScroll:!0}),b.closest(".column")?.scrollIntoView({block:"nearest",inline:"nearest"}))});let v=`column-${e}`;return r`<section class="column" data-column=${e} data-test=${`column-${e}`} aria-labelledby=${v}>
    <header class="column-head">
      <h2 id=${v}><${D} name=${e} />${o(`status.${e}`)} <span class="count" data-test="count">${t.length}</span></h2>
      <button
        type="button"
        class="icon-button"
        data-test=${`add-${e}`}
        aria-label=${o("task.add.to",{status:o(`status.${e}`)})}
        onClick=${()=>V.value={status:e}}
      >
        <${D} name="plus" />
      </button>
    </header>
    <div class="column-scroll" ref=${a}>
      ${t.length===0&&n.loading.value.done&&r`<p class="column-empty">${o("empty.column")}</p>`}
      <ul class="cards" style=${{height:`${t.length*s}px`}} aria-describedby="board-hint">
        ${Ne(f,m,c,t.length).map(b=>{let T=t[b],I=c<0?b===0:b===c;return r`<li
            key=${n.keyOf(T.id)}
            class="slot"
            style=${{transform:`translateY(${b*s}px)`}}
            aria-setsize=${t.length}
            aria-posinset=${b+1}
          >
            <${Ln} task=${T} now=${g} reachable=${I} t=${o} />
          </li>`})}
      </ul>
    </div>
  </section>`}function Ln({task:e,now:t,reachable:n,t:o}){let s=n?0:-1;return r`<article
    class=${`card priority-${e.priority} ${e.completed?"completed":""} ${e.version?"":"unsaved"}`}
    data-test="card"
    data-id=${e.id}
    data-number=${e.number}
    onFocusIn=${()=>Ue.value=e.id}
    onClick=${a=>a.target.closest("button, select")||he(e)}
  >
    <${Re} task=${e} tabIndex=${s} />
    <div class="card-text">
      <button type="button" class="card-title" data-test="open" title=${e.title} tabindex=${s} onClick=${()=>he(e)}>
        ${e.title}
      </button>
      <div class="meta">
        <span class="number">${e.number?`#${e.number}`:o("task.sending")}</span>
        ${e.priority!=="medium"&&r`<${xe} priority=${e.priority} />`}
        ${!e.completed&&r`<${Se} task=${e} now=${t} short />`}
        ${e.assignee&&r`<span class="assignee" title=${e.assignee}>${e.assignee}</span>`}
      </div>
    </div>
    <${Fe} task=${e} tabIndex=${s} compact />
  </article>`}var An=2.75,qn=4,Rn=2.5,Fn=new Set(["number","priority","updated_at"]),je=matchMedia("(max-width: 44rem)"),Ie=M(""),ze=!1;function at({store:e,t,route:n}){let[o,s]=O(je.matches);R(()=>{let x=()=>s(je.matches);return je.addEventListener("change",x),()=>je.removeEventListener("change",x)},[]);let a=e.rows.value,f=(o?qn:An)*Ee(),{ref:m,first:l,last:c,reveal:g}=Ke(a.length,f,Rn*Ee()),v=a.findIndex(x=>x.id===Ie.value||e.keyOf(x.id)===Ie.value),b=e.now.value;Z(()=>{m.current&&(m.current.scrollTop=0)},[n.sort]),Z(()=>{if(!ze||v<0)return;g(v);let x=m.current?.querySelector(`[data-id="${a[v].id}"] .row-title`);x&&(ze=!1,x.focus({preventScroll:!0}))});function T(x){let K=x.target,u=K.closest("[data-id]")?.getAttribute("data-id"),d=a.findIndex(y=>y.id===u);if(d<0||x.altKey||x.ctrlKey||x.metaKey||K.tagName==="SELECT")return;let p=Math.max(1,Math.floor((m.current?.clientHeight??0)/f)-2),$={ArrowUp:-1,ArrowDown:1,PageUp:-p,PageDown:p,Home:-d,End:a.length-1-d}[x.key];if($!==void 0){let y=a[Math.min(Math.max(d+$,0),a.length-1)];ze=!0,Ie.value=y.id}else if(x.key==="Delete"){let y=a[d+1]??a[d-1];y&&(ze=!0,Ie.value=y.id),$e(a[d])}else return;x.preventDefault()}let I=Ne(l,c,v,a.length),A=I.filter(x=>x>=l&&x<c),E=I.filter(x=>x<l),w=I.filter(x=>x>=c),h=x=>r`<${Kn} key=${e.keyOf(a[x].id)} task=${a[x]} index=${x} now=${b} t=${t} reachable=${v<0?x===0:x===v} />`,k=(x,K)=>K>0&&r`<tr key=${x} class="gap" aria-hidden="true"><td style=${{height:`${K*f}px`}}></td></tr>`,[S]=w,_=[...E.map(h),k("above",l-E.length),...A.map(h),k("between",(S??a.length)-c),...w.map(h),S!==void 0&&k("below",a.length-1-S)];return r`<div class="list" ref=${m} onKeyDown=${T}>
    <h1 class="visually-hidden">${t("view.list")}</h1>
    <table aria-label=${t("list.label")} aria-rowcount=${a.length+1} data-test="list">
      <thead>
        <tr aria-rowindex="1">
          <th scope="col" class="of-check"><span class="visually-hidden">${t("list.actions")}</span></th>
          ${Qe.map(x=>r`<${Pn} key=${x} name=${x} route=${n} t=${t} />`)}
        </tr>
      </thead>
      <tbody>
        ${_}
      </tbody>
    </table>
  </div>`}function Pn({name:e,route:t,t:n}){let{key:o,descending:s}=Ze(t.sort),a=o===e,m=`${(a?!s:Fn.has(e))?"-":""}${e}`,l=n(`field.${e}`);return r`<th scope="col" class=${`of-${e}`} aria-sort=${a?s?"descending":"ascending":void 0}>
    <a
      href=${be({sort:m})}
      class="sort"
      data-test=${`sort-${e}`}
      title=${n("sort.by",{field:l})}
      onClick=${c=>{c.metaKey||c.ctrlKey||(c.preventDefault(),q({sort:m}))}}
      >${l}${a&&r`<${D} name=${s?"down":"up"} />`}</a
    >
  </th>`}function Kn({task:e,index:t,now:n,reachable:o,t:s}){let a=o?0:-1;return r`<tr
    class=${`row ${e.completed?"completed":""} ${e.version?"":"unsaved"}`}
    data-test="row"
    data-id=${e.id}
    data-number=${e.number}
    aria-rowindex=${t+2}
    onFocusIn=${()=>Ie.value=e.id}
    onClick=${f=>f.target.closest("button, select")||he(e)}
  >
    <td class="of-check"><${Re} task=${e} tabIndex=${a} /></td>
    <td class="of-number">${e.number||"…"}</td>
    <td class="of-title">
      <button type="button" class="row-title" data-test="open" title=${e.title} tabindex=${a} onClick=${()=>he(e)}>
        ${e.title}
      </button>
      <div class="meta narrow-only">
        <span class="number">${e.number?`#${e.number}`:s("task.sending")}</span>
        ${e.priority!=="medium"&&r`<${xe} priority=${e.priority} />`}
        ${!e.completed&&r`<${Se} task=${e} now=${n} short />`}
        ${e.assignee&&r`<span class="assignee">${e.assignee}</span>`}
      </div>
    </td>
    <td class="of-status"><${Fe} task=${e} tabIndex=${a} /></td>
    <td class="of-priority"><${xe} priority=${e.priority} /></td>
    <td class="of-assignee">${e.assignee}</td>
    <td class="of-due_date"><${Se} task=${e} now=${n} /></td>
    <td class="of-updated_at"><time datetime=${e.updated_at} title=${ve(e.updated_at)}>${Wt(e.updated_at,n)}</time></td>
  </tr>`}var it={board:rt,list:at,figures:Gt(()=>import("./figures-GU4OPPME.js")),schema:Gt(()=>import("./schema-TVVL7MNY.js"))},Ce=Object.keys(it);function Gt(e){let t;return function(o){let[s,a]=O({View:null,failed:!1});return R(()=>{t??=e(),t.then(f=>a({View:f.default,failed:!1}),()=>{t=void 0,a({View:null,failed:!0})})},[]),s.failed?r`<p class="notice" role="alert">${o.t("view.failed")}</p>`:s.View?r`<${s.View} ...${o} />`:r`<p class="notice" role="status">${o.t("view.loading")}</p>`}}var Jt="taskmanager.keys",Ye=M(localStorage.getItem(Jt)!=="off"),Nn={n:()=>V.value={},"/":()=>document.querySelector("#search")?.focus(),"?":()=>pe.value=!0,...Object.fromEntries(Ce.map((e,t)=>[String(t+1),()=>q({view:e})]))};function Qt(){addEventListener("keydown",e=>{let t=e.target;if(!Ye.value||e.ctrlKey||e.metaKey||e.altKey||e.isComposing||document.querySelector("dialog[open]")||B.value||t.matches("input, textarea, select, [contenteditable]"))return;let n=Nn[e.key];n&&(e.preventDefault(),n())})}var Un=[[["n"],"keys.new"],[["/"],"keys.search"],[["1","2","3","4"],"keys.views"],[["?"],"keys.help"],[["←","↑","→","↓"],"keys.arrows"],[["Alt","← →"],"keys.move"],[["Enter"],"keys.enter"],[["Delete"],"keys.delete"],[["Esc"],"keys.escape"]];function Xt(){let e=()=>pe.value=!1;return r`<${z} name="keys" labelledby="keys-title" onClose=${e}>
    <header class="dialog-head">
      <h2 id="keys-title" tabindex="-1" autofocus>${i("keys.title")}</h2>
      <button type="button" class="icon-button" data-test="close" aria-label=${i("sheet.close")} onClick=${e}><${D} name="close" /></button>
    </header>
    <dl class="keys-list">
      ${Un.map(([t,n])=>r`<div key=${n}>
          <dt>${t.map(o=>r`<kbd>${o}</kbd>`)}</dt>
          <dd>${i(n)}</dd>
        </div>`)}
    </dl>
    <label class="switch">
      <input
        type="checkbox"
        data-test="single-keys"
        checked=${Ye.value}
        onChange=${t=>{Ye.value=t.currentTarget.checked,localStorage.setItem(Jt,Ye.value?"on":"off")}}
      />
      <span>${i("keys.single")} <small>${i("keys.single.hint")}</small></span>
    </label>
  <//>`}function oe(e,t){return t==null||t===""?r`<em>${i("field.none")}</em>`:e==="due_date"?qe(t,C.now.value):e==="status"||e==="priority"?i(`${e}.${t}`):t}function Zt({op:e}){let t=C.server.get(e.id);C.tasks.value;let[n,o]=O(new Set(Object.keys(e.change))),s=()=>F.resolve(e,null);if(R(()=>{t||F.vanish(e)},[t===void 0]),!t)return null;if(e.kind==="delete")return r`<${jn} op=${e} theirs=${t} giveUp=${s} />`;let a=W.filter(l=>l in e.change);function f(l,c){let g=new Set(n);c?g.add(l):g.delete(l),o(g)}function m(){let l=a.filter(c=>n.has(c)&&!G(c,e.change[c],t?.[c]));F.resolve(e,l.length>0?Object.fromEntries(l.map(c=>[c,e.change[c]])):null)}return r`<${z} name="conflict" labelledby="conflict-title" onClose=${s}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${i("conflict.title")}</h2></header>
    <p>${i("conflict.text",{title:t.title})}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${i("conflict.field")}</th><th scope="col">${i("conflict.mine")}</th><th scope="col">${i("conflict.theirs")}</th></tr>
      </thead>
      <tbody>
        ${W.map(l=>{let c=i(`field.${l}`);if(!(l in e.change&&!G(l,e.change[l],t[l])))return r`<tr key=${l} class="alike"><th scope="row">${c}</th><td colspan="2">${oe(l,t[l])}</td></tr>`;let v=b=>r`<td>
            <label class="version">
              <input
                type="radio"
                name=${`choice-${l}`}
                data-test=${`choose-${l}-${b?"mine":"theirs"}`}
                aria-label=${i(b?"conflict.choose.mine":"conflict.choose.theirs",{field:c})}
                checked=${n.has(l)===b}
                onChange=${()=>f(l,b)}
              />
              <span>${oe(l,b?e.change[l]:t[l])}</span>
            </label>
          </td>`;return r`<tr key=${l} class="differs"><th scope="row">${c}</th>${v(!0)}${v(!1)}</tr>`})}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button" data-test="keep-theirs" onClick=${s}>${i("conflict.keep.theirs")}</button>
      <button type="button" class="button primary" data-test="save-choice" onClick=${m}>${i("conflict.save")}</button>
    </footer>
  <//>`}function jn({op:e,theirs:t,giveUp:n}){return r`<${z} name="conflict" labelledby="conflict-title" onClose=${n}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${i("conflict.title")}</h2></header>
    <p>${i("conflict.delete",{title:t.title})}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${i("conflict.field")}</th><th scope="col">${i("conflict.seen")}</th><th scope="col">${i("conflict.now")}</th></tr>
      </thead>
      <tbody>
        ${W.map(o=>{let s=r`<th scope="row">${i(`field.${o}`)}</th>`;return e.seen!==void 0&&!G(o,e.seen[o],t[o])?r`<tr key=${o} class="differs">${s}<td>${oe(o,e.seen?.[o])}</td><td>${oe(o,t[o])}</td></tr>`:r`<tr key=${o} class="alike">${s}<td colspan="2">${oe(o,t[o])}</td></tr>`})}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button danger" data-test="delete-anyway" onClick=${()=>F.resolve(e,{})}>${i("conflict.delete.anyway")}</button>
      <button type="button" class="button primary" data-test="keep-theirs" onClick=${n}>${i("conflict.keep.theirs")}</button>
    </footer>
  <//>`}function He(e){return le.filter(t=>t!=="q"&&e[t]).length}function lt(){q(Object.fromEntries(le.map(e=>[e,null])))}function tn(){let{assignee:e="",due_from:t="",due_to:n="",overdue:o=""}=L.value,s=C.tasks.value.size,a=C.visible.value.length,f=C.assignees.value,m=ce(e)[0]??"",l=c=>g=>q({[c]:g.currentTarget.value});return r`<section class="filters" id="filters" aria-label=${i("filters.label")} data-test="filters">
    <${en} name="status" values=${H} />
    <${en} name="priority" values=${ie} />
    <label class="field-inline">
      <span class="visually-hidden">${i("field.assignee")}</span>
      <select data-test="filter-assignee" value=${m} onChange=${c=>q({assignee:c.currentTarget.value&&(c.currentTarget.value===te?te:We([c.currentTarget.value]))})}>
        <option value="" selected=${m===""}>${i("filters.anyone")}</option>
        <option value=${te} selected=${m===te}>${i("filters.nobody")}</option>
        ${f.map(c=>r`<option key=${c} value=${c} selected=${m===c}>${c}</option>`)}
      </select>
    </label>
    <span class="field-inline due-range">
      <span aria-hidden="true">${i("field.due_date")}</span>
      <input type="date" aria-label=${i("filters.due_from")} data-test="filter-due-from" value=${t} onChange=${l("due_from")} />
      <span aria-hidden="true">–</span>
      <input type="date" aria-label=${i("filters.due_to")} data-test="filter-due-to" value=${n} onChange=${l("due_to")} />
    </span>
    <label class="chip"><input type="checkbox" data-test="filter-overdue" checked=${o==="true"} onChange=${()=>q({overdue:o?null:"true"})} /><span><${D} name="warning" />${i("filters.overdue")}</span></label>
    <span class="filters-end">
      <span role="status" data-test="shown">${a===s?i("count.tasks",{count:a}):i("count.of",{count:a,total:s})}</span>
      ${(He(L.value)>0||L.value.q)&&r`<button type="button" class="button quiet" data-test="filters-clear" onClick=${lt}>${i("filters.clear")}</button>`}
    </span>
  </section>`}function en({name:e,values:t}){let n=new Set(ce(L.value[e]));function o(s){let a=new Set(n);a.delete(s)||a.add(s),q({[e]:a.size===t.length?null:We(t.filter(f=>a.has(f)))})}return r`<fieldset class="chips">
    <legend class="visually-hidden">${i(`field.${e}`)}</legend>
    ${t.map(s=>r`<label key=${s} class="chip">
        <input type="checkbox" data-test=${`filter-${e}-${s}`} checked=${n.has(s)} onChange=${()=>o(s)} />
        <span class=${`${e}-${s}`}><${D} name=${s} />${i(`${e}.${s}`)}</span>
      </label>`)}
  </fieldset>`}function nn({op:e}){let[t,n]=O(0),o={...e.seen,...e.change};function s(a){F.restore(e,a),ne(i(a?"task.created":"gone.discarded",{title:e.title}))}return r`<${z} name="conflict" labelledby="gone-title" onClose=${()=>n(t+1)}>
    <header class="dialog-head"><h2 id="gone-title" tabindex="-1" autofocus>${i("gone.title")}</h2></header>
    <p>${i("gone.text",{title:e.seen?.title??e.title})}</p>
    <table class="versions">
      <tbody>
        ${W.map(a=>r`<tr key=${a} class=${a in e.change?"differs":"alike"}>
          <th scope="row">${i(`field.${a}`)}</th>
          <td>${oe(a,o[a])}${a in e.change&&r`${" "}<small>${i("gone.changed")}</small>`}</td>
        </tr>`)}
      </tbody>
    </table>
    ${t>0&&r`<p key=${t} class="notice" role="alert" data-test="gone-choose">${i("gone.choose")}</p>`}
    <footer class="dialog-foot">
      <button type="button" class="button danger" data-test="gone-discard" onClick=${()=>s(!1)}>${i("gone.discard")}</button>
      <button type="button" class="button primary" data-test="gone-again" onClick=${()=>s(!0)}>${i("gone.again")}</button>
    </footer>
  <//>`}function on(e){let t={},n=s=>s.normalize("NFD").replace(/\p{M}/gu,"").toLowerCase(),o=e.split(/\s+/).filter(s=>{let a=ie.find(m=>[`!${m}`,n(`!${i(`priority.${m}`)}`)].includes(n(s)));a&&(t.priority=a);let f=/^@(\S+)$/.exec(s)?.[1];return f&&(t.assignee=f.replaceAll("_"," ")),!a&&!f});return t.title=o.join(" "),t}function sn({begin:e}){let[t,n]=O(""),[o,s]=O(""),[a,f]=O(""),m=()=>V.value=null;async function l(c){c.preventDefault();let g={...e,...on(t)};if(!g.title)return;n(""),f(""),s(g.title);let v=await Le(g).outcome();v.kind==="refused"&&(n(b=>b||t),s(""),f(v.problem.message))}return r`<${z} name="quick-add" labelledby="quick-add-title" onClose=${m}>
    <h2 id="quick-add-title" class="visually-hidden">${i("quick.label")}</h2>
    <form onSubmit=${l}>
      <${D} name=${e.status??"todo"} />
      <input
        data-test="quick-title"
        autofocus
        autocomplete="off"
        aria-label=${i("field.title")}
        aria-describedby="quick-hint"
        placeholder=${i("quick.placeholder")}
        value=${t}
        onInput=${c=>n(c.currentTarget.value)}
      />
      <button type="submit" class="button primary" data-test="quick-submit">${i("quick.add")}</button>
    </form>
    <footer>
      <p id="quick-hint">${i("quick.hint")}</p>
      <button
        type="button"
        class="button quiet"
        data-test="quick-more"
        onClick=${()=>{B.value={...e,...on(t)},m()}}
      >
        ${i("quick.more")}
      </button>
    </footer>
    ${o&&r`<p class="quick-last" role="status"><${D} name="done" />${i("task.created",{title:o})}</p>`}
    ${a&&r`<p class="fault" role="alert">${i("sheet.refused",{detail:a})}</p>`}
  <//>`}var zn=60;function rn(){let e=L.value.q??"",[t,n]=O(e),o=P(0),s=P(e);R(()=>{let f=L.peek().q??"";f!==s.current&&(clearTimeout(o.current),s.current=f,n(f))},[e]);function a(f){n(f),clearTimeout(o.current);let m=()=>{s.current=f,q({q:f},{replace:e!==""&&f!==""})};C.tasks.value.size<1e3?m():o.current=setTimeout(m,zn)}return r`<form role="search" class="search" onSubmit=${f=>f.preventDefault()}>
    <${D} name="search" />
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
      onInput=${f=>a(f.currentTarget.value)}
      onKeyDown=${f=>{f.key==="Escape"&&(f.preventDefault(),t?a(""):f.currentTarget.blur())}}
    />
    <kbd aria-hidden="true">/</kbd>
  </form>`}function X({name:e,label:t,fault:n,children:o}){let s=`field-${e}`,a={id:s,name:e,"data-test":s,"aria-invalid":n?"true":void 0,"aria-describedby":n?`${s}-fault`:void 0};return r`<div class="field">
    <label for=${s}>${t}</label>
    ${o(a)}
    ${n&&r`<p class="fault" id=${`${s}-fault`} data-test=${`fault-${e}`}>${n}</p>`}
  </div>`}function an(e){let{title:t="",description:n,status:o="todo",priority:s="medium",assignee:a,due_date:f}=e;return{title:t,description:n??"",status:o,priority:s,assignee:a??"",...ot(f??null)}}function ln(e,t){let n={title:e.title,description:e.description||(t.description===""?"":null),status:e.status,priority:e.priority,assignee:e.assignee.trim()||null,due_date:Bt(e,t.due_date??null)},o=W.filter(s=>!G(s,n[s],t[s]));return Object.fromEntries(o.map(s=>[s,n[s]]))}function ct({task:e,begin:t,gone:n=!1}){let[o,s]=O(e??t),[a,f]=O(()=>an(e??t)),[m,l]=O(new Map),[c,g]=O(""),[v,b]=O(!1),[T,I]=O(!1),A=P(null),E=ln(a,e?o:{status:"todo",priority:"medium",title:""}),w=Object.keys(e?E:ln(a,{title:"",status:"todo",priority:"medium",...t})).length>0,h=e!==null&&e.version>(o.version??0);R(()=>{!e||T||e===o||w||(s(e),f(an(e)))},[e,w,T]),R(()=>{m.size!==0&&A.current?.querySelector("[aria-invalid=true]")?.focus()},[m]);let k=d=>p=>{let{value:$}=p.currentTarget;f(y=>({...y,[d]:$})),b(!1)},S=()=>w&&!v?b(!0):ge();async function _(d){if(d.preventDefault(),T)return;if(e&&!w)return ge();I(!0),g("");let $=await(e?F.update({...o,id:e.id},E):Le(E)).outcome();if(I(!1),$.kind!=="refused")return e&&$.kind==="done"&&ne(i("task.saved",{title:a.title})),ge();let{problem:y}=$;l(y.fields),y.fields.size===0&&g(y.message)}function x(d){d.key==="Enter"&&(d.ctrlKey||d.metaKey)&&A.current?.requestSubmit()}let K=e?e.number?i("sheet.edit",{number:String(e.number)}):i("task.sending"):i("sheet.new"),u=d=>({value:a[d],onInput:k(d)});return r`<${z} name="sheet" labelledby="sheet-title" onClose=${S}>
    <form ref=${A} onSubmit=${_} onKeyDown=${x} novalidate>
      <header class="dialog-head">
        <h2 id="sheet-title" tabindex="-1" autofocus=${e!==null}>${K}</h2>
        <button type="button" class="icon-button" data-test="close" aria-label=${i("sheet.close")} onClick=${S}><${D} name="close" /></button>
      </header>
      <div class="sheet-fields">
        ${n&&r`<p class="notice" role="alert" data-test="gone">${i("task.missing")}</p>`}
        ${h&&w&&r`<p class="notice" role="status" data-test="changed-meanwhile">${i("sheet.changed")}</p>`}
        ${c&&r`<p class="fault" role="alert">${i("sheet.refused",{detail:c})}</p>`}
        <${X} name="title" label=${i("field.title")} fault=${m.get("title")}>
          ${d=>r`<textarea ...${d} rows="2" autofocus=${!e} required ...${u("title")} onKeyDown=${Yn}></textarea>`}
        <//>
        <div class="sheet-row">
          <${X} name="status" label=${i("field.status")} fault=${m.get("status")}>
            ${d=>r`<select ...${d} value=${a.status} onChange=${k("status")}>
              ${H.map(p=>r`<option key=${p} value=${p} selected=${a.status===p}>${i(`status.${p}`)}</option>`)}
            </select>`}
          <//>
          <${X} name="priority" label=${i("field.priority")} fault=${m.get("priority")}>
            ${d=>r`<select ...${d} value=${a.priority} onChange=${k("priority")}>
              ${ie.map(p=>r`<option key=${p} value=${p} selected=${a.priority===p}>${i(`priority.${p}`)}</option>`)}
            </select>`}
          <//>
        </div>
        <${X} name="assignee" label=${i("field.assignee")} fault=${m.get("assignee")}>
          ${d=>r`<input ...${d} list="assignees" autocomplete="off" ...${u("assignee")} />`}
        <//>
        <datalist id="assignees">${C.assignees.value.map(d=>r`<option key=${d} value=${d}></option>`)}</datalist>
        <div class="sheet-row">
          <${X} name="due_date" label=${i("field.due_day")} fault=${m.get("due_date")}>
            ${d=>r`<input type="date" ...${d} ...${u("day")} />`}
          <//>
          <${X} name="due_time" label=${i("field.due_time")}>
            ${d=>r`<input type="time" ...${d} disabled=${!a.day} ...${u("time")} />`}
          <//>
        </div>
        <${X} name="description" label=${i("field.description")} fault=${m.get("description")}>
          ${d=>r`<textarea ...${d} rows="7" ...${u("description")}></textarea>`}
        <//>
        ${e&&r`<${Hn} task=${e} />`}
      </div>
      ${v?r`<footer class="dialog-foot" role="alert">
            <p>${i("sheet.discard.question")}</p>
            <button type="button" class="button" data-test="keep-editing" onClick=${()=>b(!1)}>${i("sheet.keep")}</button>
            <button type="button" class="button danger" data-test="discard" onClick=${ge}>${i("sheet.discard")}</button>
          </footer>`:r`<footer class="dialog-foot">
            ${e&&r`<button
              type="button"
              class="button quiet danger"
              data-test="delete"
              onClick=${()=>{$e(e),ge()}}
            >
              ${i("sheet.delete")}
            </button>`}
            <button type="submit" class="button primary" data-test="save" aria-busy=${T}>${i(e?"sheet.save":"sheet.create")}</button>
          </footer>`}
    </form>
  <//>`}function Yn(e){e.key!=="Enter"||e.isComposing||(e.preventDefault(),e.currentTarget.form?.requestSubmit())}function Hn({task:e}){return e.version?r`<dl class="facts">
    <div><dt>${i("field.created_at")}</dt><dd>${ve(e.created_at)}</dd></div>
    <div><dt>${i("field.updated_at")}</dt><dd>${ve(e.updated_at)}</dd></div>
    ${e.completed_at&&r`<div><dt>${i("field.completed_at")}</dt><dd>${ve(e.completed_at)}</dd></div>`}
    <div><dt>${i("field.version")}</dt><dd>${e.version}</dd></div>
  </dl>`:null}var ye=M(He(L.value)>0&&matchMedia("(min-width: 52rem)").matches),Bn=new Set(["board","list"]);function Wn(){return Ce.find(e=>e===L.value.view)??"board"}function cn(){let e=Wn(),t=Bn.has(e),n=He(L.value);return R(()=>{document.title=`${i(`view.${e}`)} · ${i("app.name")}`},[e,ee.value]),r`
    <a class="skip" href="#main">${i("app.skip")}</a>
    <${Vn} view=${e} ofTasks=${t} count=${n} />
    ${fe.state.value==="lost"&&r`<${Jn} />`}
    ${t&&ye.value&&r`<${tn} />`}
    <main id="main" tabindex="-1" class=${`view view-${e}`} data-test="main">
      ${t&&r`<${Qn} />`}
      <${it[e]} key=${e} store=${C} api=${ae} t=${i} lang=${ee.value} route=${L.value} navigate=${q} />
    </main>
    <${Xn} />
    <${Pt} />
  `}function Vn({view:e,ofTasks:t,count:n}){let o=pt.find(s=>s!==ee.value)??"en";return r`<header class="bar">
    <span class="brand" aria-hidden="true"><${D} name="done" /></span>
    <nav aria-label=${i("nav.label")}>
      ${Ce.map(s=>r`<a
          key=${s}
          href=${be({view:s==="board"?null:s,task:null})}
          aria-current=${s===e?"page":void 0}
          data-test=${`nav-${s}`}
          onClick=${a=>{a.metaKey||a.ctrlKey||a.shiftKey||(a.preventDefault(),q({view:s==="board"?null:s,task:null}))}}
          >${i(`view.${s}`)}</a
        >`)}
    </nav>
    ${t&&r`<${rn} />
      <button
        type="button"
        class="button quiet"
        data-test="filters-toggle"
        aria-expanded=${ye.value}
        aria-controls=${ye.value?"filters":void 0}
        onClick=${()=>ye.value=!ye.value}
      >
        <${D} name="filter" /><span class="text">${i("filters.toggle")}</span>${n>0&&r`<span class="badge">${n}</span>`}
      </button>`}
    <span class="bar-end">
      <${Gn} />
      <button
        type="button"
        class="icon-button lang"
        data-test="lang"
        lang=${o}
        aria-label=${i("lang.switch")}
        title=${i("lang.switch")}
        onClick=${()=>mt(o)}
      >
        ${o.toUpperCase()}
      </button>
      <button type="button" class="icon-button" data-test="keys-open" aria-label=${i("keys.open")} title=${`${i("keys.open")} (?)`} onClick=${()=>pe.value=!0}>
        <${D} name="keyboard" />
      </button>
      <button type="button" class="button primary" data-test="new-task" aria-label=${i("task.new")} title=${`${i("task.new")}`} onClick=${()=>B.value={}}>
        <${D} name="plus" /><span>${i("task.new")}</span>
      </button>
    </span>
  </header>`}function Gn(){let e=fe.state.value;return r`<span class=${`state state-${e}`} data-test="connection" data-state=${e} role="status">
    <span class="dot" aria-hidden="true"></span><span class="state-text">${i(`connection.${e}`)}</span>
  </span>`}function Jn(){let e=C.ops.value.length;return r`<div class="banner" role="alert" data-test="offline">
    <${D} name="warning" />
    <p>${i("connection.banner")} ${e>0&&r`<strong data-test="waiting">${i("connection.waiting",{count:e})}</strong>`}</p>
  </div>`}function Qn(){let{done:e,count:t,capped:n,failed:o}=C.loading.value,s=C.tasks.value.size,a=C.visible.value.length;if(o)return r`<p class="notice" role="alert">${i("load.failed",{detail:o})}</p>`;if(e&&s===0){let f=r`<kbd>n</kbd>`,[m,l]=i("empty.all.hint",{key:"\0"}).split("\0");return r`<div class="empty" data-test="empty"><p>${i("empty.all")}</p><p>${m}${f}${l}</p></div>`}return e&&a===0?r`<div class="empty" role="status" data-test="empty">
      <p>${i("empty.filtered")}</p>
      <button type="button" class="button" data-test="clear" onClick=${lt}>${i("filters.clear")}</button>
    </div>`:!e&&s===0?r`<p class="empty loading" role="status">${i("view.loading")}</p>`:n?r`<p class="notice" role="status">${i("load.capped",{count:t})}</p>`:ye.value||a===s?null:r`<p class="visually-hidden" role="status">${i("count.of",{count:a,total:s})}</p>`}function Xn(){let e=P(null),t=C.ops.value.find(a=>a.state==="conflict"||a.state==="gone"),n=L.value.task;if(t)return r`<${t.state==="gone"?nn:Zt} key=${t.key} op=${t} />`;if(pe.value)return r`<${Xt} />`;if(V.value)return r`<${sn} begin=${V.value} />`;if(B.value)return r`<${ct} key="new" task=${null} begin=${B.value} />`;if(!n)return null;let o=jt(n);o&&(e.current={ref:n,task:o});let s=o??(e.current?.ref===n?e.current.task:void 0);return s?r`<${ct} key=${C.keyOf(s.id)} task=${s} begin=${{}} gone=${!o} />`:C.loading.value.done?r`<${Zn} />`:null}function Zn(){return r`<p class="notice missing" role="alert" data-test="missing">
    ${i("task.missing")} <button type="button" class="button quiet" onClick=${()=>q({task:null},{replace:!0})}>${i("dismiss")}</button>
  </p>`}var un=document.getElementById("app");un&&ut(r`<${cn} />`,un);Qt();Nt();
