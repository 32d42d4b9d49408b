import{a as ut,b as L,c as q,d as Z,e as N,f as dt,h as M,i as U,j as ft,l as r,m as pt,n as ee,o as mt,p as i,r as se}from"./chunk-YOJP2NNR.js";var j=class extends Error{constructor(t){super(t.detail||t.title),this.name="Problem",this.status=t.status,this.type=t.type,this.title=t.title,this.detail=t.detail,this.requestId=t.request_id??"",this.errors=t.errors??[]}get passing(){return[408,425,429,502,503,504].includes(this.status)}get fields(){let t=new Map;for(let n of this.errors){let o=(n.pointer??"").split("/")[1];o&&!t.has(o)&&t.set(o,n.detail)}return t}},re=class extends Error{constructor(t){super("the service cannot be reached",{cause:t}),this.name="Unreachable"}};var fn=15e3;async function $t(e,{method:t="GET",body:n,ifMatch:o,key:s,keepalive:a}={}){let f=new Headers({accept:"application/json"});n!==void 0&&f.set("content-type","application/json"),o&&f.set("if-match",o),s&&f.set("idempotency-key",s);let m,l=null;try{m=await fetch(e,{method:t,headers:f,body:n===void 0?void 0:JSON.stringify(n),keepalive:a,signal:a?void 0:AbortSignal.timeout(fn)});let u=await m.text(),h=(m.headers.get("content-type")??"").includes("json");u&&h&&(l=JSON.parse(u))}catch(u){throw new re(u)}if(!m.ok){let{status:u,statusText:h}=m;throw new j({type:"about:blank",title:h,detail:"",...l,status:u})}return{value:l,status:m.status,headers:m.headers}}function pn(e){let t=/<([^>]+)>;\s*rel="next"/.exec(e.get("link")??"");if(!t)return null;let n=new URL(t[1],location.origin);return n.pathname+n.search}var ae={send:$t,next:pn,get:async e=>(await $t(e)).value};function ht(){let e=M("connecting"),t="connecting",n=new Set;function o(s){let a=e.value;if(e.value=s,a==="lost"&&s!=="lost")for(let f of n)f()}return{state:e,follow(s){t=s,o(s)},broken(){t="connecting",o("lost")},missed:()=>o("lost"),reached:()=>o(t),onReturn:s=>{n.add(s)}}}var mn={æ:"ae",œ:"oe",ø:"o",đ:"d",ð:"d",ħ:"h",ı:"i",ĸ:"k",ł:"l",ŋ:"n",þ:"th",ŧ:"t",ƒ:"f",ʼ:"'",ß:"ss"};function We(e){return e.normalize("NFKD").replace(/\p{M}+/gu,"").toLowerCase().replace(/[æœøđðħıĸłŋþŧƒʼß]/g,t=>mn[t]).normalize("NFC")}var H=["todo","in_progress","done"],ie=["high","medium","low"],Y=["title","description","status","priority","assignee","due_date"];function Ce(e){return Object.fromEntries(Y.map(t=>[t,e[t]]))}var $n=/[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800\u{1D159}\u{13441}\u{13442}]|[\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}]/u;function gt(e){return $n.test(e)}function vt(e,t){return`"${e}.${t}"`}function yt(e,t){let n={...e,...t};return n.completed=n.status==="done",n.completed!==e.completed&&(n.completed_at=n.completed?new Date().toISOString():null),n}function bt(e,t,n){return{id:e,number:0,title:"",description:null,status:"todo",priority:"medium",assignee:null,due_date:null,...t,completed:t.status==="done",completed_at:t.status==="done"?n:null,created_at:n,updated_at:n,version:0}}function G(e,t,n){return e==="due_date"&&t&&n?Date.parse(t)===Date.parse(n):(t??null)===(n??null)}function Ie(e,t){return e.due_date!==null&&!e.completed&&Date.parse(e.due_date)<t}var le=["q","status","priority","assignee","due_from","due_to","overdue"];function ce(e){return e===void 0||e===""?[]:e.split(",").map(t=>t.replace(/%2C/g,",").replace(/%25/g,"%"))}function Ye(e){return[...e].map(t=>t.replace(/%/g,"%25").replace(/,/g,"%2C")).join(",")}var te="-";function Ve(e){let t=n=>n?new Set(ce(n)):null;return{words:We(e.q??"").split(/\s+/).filter(Boolean),statuses:t(e.status),priorities:t(e.priority),assignees:t(e.assignee),from:wt(e.due_from,0)??-1/0,to:wt(e.due_to,1)??1/0,overdue:e.overdue==="true"}}function wt(e,t){let n=/^(\d{4})-(\d\d)-(\d\d)$/.exec(e??"");return n?new Date(+n[1],+n[2]-1,+n[3]+t).getTime():null}var kt=new WeakMap;function hn(e){let t=kt.get(e);return t===void 0&&(t=We([e.title,e.description,e.assignee,e.number&&`#${e.number}`].join(`
`)),kt.set(e,t)),t}function xt(e,t,n){if(t.statuses&&!t.statuses.has(e.status)||t.priorities&&!t.priorities.has(e.priority)||t.assignees&&!t.assignees.has(e.assignee??te)||t.overdue&&!Ie(e,n))return!1;if(t.from!==-1/0||t.to!==1/0){let s=e.due_date===null?NaN:Date.parse(e.due_date);if(!(s>=t.from&&s<t.to))return!1}if(t.words.length===0)return!0;let o=hn(e);return t.words.every(s=>o.includes(s))}function St(e){let t=Ve(e),n=new URLSearchParams;e.q?.trim()&&n.set("q",e.q.trim().slice(0,200)),t.statuses&&n.set("status",[...t.statuses].join(",")),t.priorities&&n.set("priority",[...t.priorities].join(","));for(let o of t.assignees??[])n.append("assignee",o===te?"":o);return t.from!==-1/0&&n.set("due_after",new Date(t.from).toISOString()),t.to!==1/0&&n.set("due_before",new Date(t.to).toISOString()),t.overdue&&n.set("overdue","true"),n}var gn=200,Et=1e3,vn=2e4;async function _t(e,t){let n=[...e.server.keys()],o=new Set,s=`/tasks?limit=${gn}`;for(;s&&o.size<vn;){let{value:f,headers:m}=await t.send(s);for(let l of f)o.add(l.id);e.learn(f),e.loading.value={...e.loading.value,count:o.size,failed:""},s=t.next(m)?.replace(/([?&]limit=)\d+/,`$1${Et}`)??null}let a=s!==null;a||e.keepOnly(o,n),e.loading.value={done:!0,count:o.size,capped:a,failed:""}}async function Dt(e,t,n){let o=St(n);o.size!==0&&(o.set("limit",String(Et)),e.learn(await t.get(`/tasks?${o}`)))}var yn=["hello","task.created","task.updated","task.deleted","resync"],ue=500,Tt=4e3,bn=3e3,wn=6e4,kn=20,xn=500,Sn=3e4,En=3e4,_n=6e4;function Ct({store:e,api:t,connection:n}){let o="",s=ue,a=0,f=!0,m=0,l=Promise.resolve();function u({again:w=!1}={}){f=!1,m=Date.now();let E=()=>(w&&e.doubt(),_t(e,t));return l=l.then(E).catch(x=>{f=!0,x instanceof j||n.missed();let k=x instanceof j?x.message:"";e.loading.value={...e.loading.value,failed:k}}),l}let h=[];e.ops.subscribe(w=>{if(h.length===0||w.some(x=>x.kind==="create"&&x.state==="sending"))return;let E=h;h=[],queueMicrotask(()=>E.forEach(x=>x()))});function g(w){e.ops.peek().some(x=>x.kind==="create"&&x.state==="sending")||h.length>0?h.push(w):w()}let b=null,D;function _(w,E){clearTimeout(D),D=setTimeout(w,E)}function A(w,E,x){w==="hello"?o||=E||String(x.id):o=E||o,w==="task.deleted"?g(()=>e.forget(x.id,x.version)):w==="resync"?u({again:!0}):w!=="hello"&&g(()=>e.learn([x]))}function S(){a=Date.now(),b?.close();let w=new EventSource(`/tasks/events${o&&`?last_event_id=${encodeURIComponent(o)}`}`);b=w;let E=!1;w.addEventListener("open",()=>{E=!0,s=ue,clearTimeout(D),n.follow("live"),(f||!o)&&u()});for(let x of yn)w.addEventListener(x,({data:k,lastEventId:F})=>A(x,F,JSON.parse(k)));w.addEventListener("error",()=>{w.close(),E&&n.broken(),_(E?S:I,E?ue:0)})}async function I(){let w=Date.now();try{let{value:E}=await t.send(`/tasks/events${o&&`?after=${encodeURIComponent(o)}`}`),x=Date.now()-w;n.follow("polling"),s=ue,await l;for(let{event:c,id:d,data:p}of E)c==="resync"&&String(d)===o&&w-m<En||A(c,String(d),p);f&&await u();let k=Math.min(Math.max(bn,x*kn),wn),F=E.length>=xn;_(Date.now()-a>Sn?S:I,F?0:k)}catch(E){(!(E instanceof j)||E.passing)&&n.broken(),s=Math.min(s*2,Tt),_(S,s)}}S(),_(()=>{u(),f=!0},ue),addEventListener("offline",()=>{b?.close(),n.broken(),_(S,Tt)});let v;document.addEventListener("visibilitychange",()=>{clearTimeout(v),document.hidden?v=setTimeout(()=>{b?.close(),clearTimeout(D)},_n):b?.readyState===EventSource.CLOSED&&_(S,0)}),addEventListener("online",()=>{s=ue,_(S,0)})}function J(){let e=crypto.getRandomValues(new Uint8Array(16));return Array.from(e,t=>t.toString(16).padStart(2,"0")).join("")}var de="taskmanager.outbox.",It="taskmanager.window";async function Lt(){let e=sessionStorage.getItem(It)??J();await Ge(e)||(e=J(),await Ge(e)),sessionStorage.setItem(It,e);let t=Mt(e);for(let o of Object.keys(localStorage)){let s=o.startsWith(de)?o.slice(de.length):e;s===e||!navigator.locks||!await Ge(s)||(t.push(...Mt(s)),localStorage.removeItem(o))}let n=o=>{o.length===0?localStorage.removeItem(de+e):localStorage.setItem(de+e,JSON.stringify(o))};return n(t),{ops:t,keep:n}}function Ge(e){return navigator.locks?new Promise(t=>{navigator.locks.request(de+e,{ifAvailable:!0},n=>(t(n!==null),n?new Promise(()=>{}):void 0))}):Promise.resolve(!0)}function Mt(e){try{return JSON.parse(localStorage.getItem(de+e)??"[]").map(n=>({...n,state:"waiting",sent:n.sent||n.kind==="delete"&&n.state==="sending"}))}catch{return[]}}var Dn=2e3,Tn=250;function Ot({api:e,store:t,connection:n,refused:o,keep:s}){let a=new Map,f=!1,m;function l(c){t.ops.value=c,s(c)}function u(c,d){let p={...c,...d};return l(t.ops.value.map($=>$.key===c.key?p:$)),p}function h(c){l(t.ops.value.filter(d=>!c(d)))}function g(c,d){let p=a.get(c.key);return a.delete(c.key),p?.(d),p!==void 0}function b(c){let d={notBefore:0,...c,key:J(),at:new Date().toISOString(),state:"waiting"};l([...t.ops.value,d]);let p=()=>new Promise($=>a.set(d.key,$));return setTimeout(S),{op:d,outcome:p}}function D(){let c=new Set;for(let d of t.ops.value){if(d.state==="waiting"&&_(d)<=Date.now()&&!c.has(d.id))return d;c.add(d.id)}return null}function _(c){return c.sent&&!t.loading.value.done?Date.now()+Tn:c.notBefore}function A(c){let{done:d,capped:p}=t.loading.value;return c.sent===!0&&c.kind==="delete"&&d&&!p&&!t.server.has(c.id)}async function S(){if(clearTimeout(m),f)return;f=!0;let c=!0;for(let $=D();$&&c;$=c?D():null)A($)?w($,null):c=await I(u($,{state:"sending"}));f=!1;let d=t.ops.value.filter($=>$.state==="waiting").map(_);if(d.length===0)return;let p=c?Math.max(0,Math.min(...d)-Date.now()):2e3;m=setTimeout(S,p+1)}async function I(c){try{let d=await v(c);return n.reached(),w(c,d.value),!0}catch(d){return d instanceof j&&!d.passing?(n.reached(),await E(c,d)):(d instanceof re&&n.missed(),u(c,{state:"waiting"}),g(c,{kind:"kept"}),!1)}}function v({kind:c,id:d,change:p,base:$,key:y},{keepalive:B}={}){if(c==="create")return e.send("/tasks",{method:"POST",body:p,key:y,keepalive:B});let K=vt(d,$);return c==="delete"?e.send(`/tasks/${d}`,{method:"DELETE",ifMatch:K,keepalive:B}):e.send(`/tasks/${d}`,{method:"PATCH",body:p,ifMatch:K,keepalive:B})}function w(c,d){let p=d?.id??c.id;p!==c.id&&t.firstIds.set(p,c.id),d?t.learn([d]):t.forget(c.id,c.base);let $=t.ops.value.filter(y=>y.key!==c.key);l($.map(y=>y.id===c.id&&d?{...y,id:p,base:d.version}:y)),g(c,{kind:"done",task:d})}async function E(c,d){if(d.status===404&&c.kind!=="create")return x(c),!0;if(d.status===409)return u(c,{state:"waiting",notBefore:Date.now()+1e3}),!0;if(d.status===412)return await k(c);let p=y=>y.key===c.key||c.kind==="create"&&y.id===c.id,$=Object.assign({},...t.ops.value.filter(p).map(y=>y.change));return h(p),g(c,{kind:"refused",problem:d})||o(d,{...c,change:$}),!0}function x(c){t.forget(c.id,c.base);let d=t.ops.value.filter(K=>K.id===c.id),p=d.every(K=>K.kind==="update"),[$]=d,y=Object.assign({},...d.map(K=>K.change)),B=p&&$?[{...$,title:y.title??$.title,change:y,state:"gone"}]:[];l(t.ops.value.flatMap(K=>K===$?B:K.id===c.id?[]:[K])),g(c,c.kind==="delete"?{kind:"done",task:null}:{kind:"gone"})}async function k(c){let d;try{d=await e.get(`/tasks/${c.id}`)}catch($){return $ instanceof j&&$.status===404?(x(c),!0):(u(c,{state:"waiting"}),!1)}t.learn([d]);let p=Object.keys(c.change);return c.kind==="update"&&p.every($=>G($,c.change[$],d[$]))?(w(c,d),!0):(u(c,{state:"conflict"}),g(c,{kind:"conflict"}),!0)}function F(c){return b({kind:"create",id:`new-${J()}`,title:c.title??"",change:c,base:0})}return{flush:S,create:F,update:(c,d)=>b({kind:"update",id:c.id,title:d.title??c.title,change:d,base:c.version,seen:Ce(c)}),remove(c,d){let{id:p,title:$,version:y}=c;return b({kind:"delete",id:p,title:$,change:{},base:y,seen:Ce(c),notBefore:Date.now()+d})},cancel(c){let d=t.ops.value.find(p=>p.key===c&&p.state!=="sending"&&!p.sent);return d&&h(p=>p.key===c),d!==void 0},resolve(c,d){let p=t.server.get(c.id);d===null?h($=>$.key===c.key):p?u(c,{change:d,base:p.version,seen:Ce(p),state:"waiting"}):x(u(c,{change:d})),S()},restore(c,d){d&&F({...c.seen,...c.change}),h(p=>p.key===c.key)},vanish:x,leave(){for(let c of t.ops.value)c.kind==="delete"&&c.state==="waiting"&&!c.sent&&c.notBefore>Date.now()&&(u(c,{sent:!0,notBefore:Date.now()+Dn}),v(c,{keepalive:!0}).catch(()=>{}))}}}function Je(){return Object.fromEntries(new URLSearchParams(location.search))}var O=M(Je());function be(e){let t=new URLSearchParams;for(let[o,s]of Object.entries({...O.value,...e}))s&&t.set(o,s);let n=t.toString().replaceAll("%2C",",");return n?`/?${n}`:"/"}function R(e,{replace:t=!1}={}){let n=be(e);n!==location.pathname+location.search&&(t?history.replaceState(history.state,"",n):history.pushState({within:!0},"",n),O.value=Je())}addEventListener("popstate",()=>{O.value=Je()});var Me={low:0,medium:1,high:2},At={todo:0,in_progress:1,done:2},Xe=["number","title","status","priority","assignee","due_date","updated_at"];function Qe(e,t){return Me[t.priority]-Me[e.priority]||X(e.due_date??"~",t.due_date??"~")||X(t.created_at,e.created_at)||X(t.id,e.id)}function Rt(e,t){return X(t.completed_at??"",e.completed_at??"")||X(t.id,e.id)}function X(e,t){return e<t?-1:e>t?1:0}var Cn=64;function we(e,t,n){let o=new Set(t),s=e.filter(a=>o.delete(a));if(o.size>Cn)return t.toSorted(n);for(let a of o){let[f,m]=[0,s.length];for(;f<m;){let l=f+m>>1;n(s[l],a)<=0?f=l+1:m=l}s.splice(f,0,a)}return s}function Ze(e=""){let t=e.startsWith("-"),n=Xe.find(o=>o===e.replace(/^-/,""));return n?{key:n,descending:t}:{key:"number",descending:!0}}function qt(e,t){let{key:n,descending:o}=Ze(e),s=o?-1:1,{compare:a}=new Intl.Collator(t,{numeric:!0,sensitivity:"base"}),f={number:(l,u)=>(l.number||1/0)-(u.number||1/0)||0,title:(l,u)=>a(l.title,u.title),status:(l,u)=>At[l.status]-At[u.status],priority:(l,u)=>Me[l.priority]-Me[u.priority],assignee:(l,u)=>a(l.assignee??"",u.assignee??""),due_date:(l,u)=>X(l.due_date??"",u.due_date??""),updated_at:(l,u)=>X(l.updated_at,u.updated_at)}[n],m=l=>l[n]===null?1:0;return(l,u)=>m(l)-m(u)||f(l,u)*s||X(u.id,l.id)}var In=3e4;function Ft(){let e=new Map,t=new Map,n=new Set,o=new Map,s=M(0),a=M(Date.now());setInterval(()=>a.value=Date.now(),In);let f=M([]),m=M({done:!1,count:0,capped:!1,failed:""}),l=[],u=U(()=>{let p=($,y)=>$.key===l[y].key&&$.id===l[y].id&&$.change===l[y].change;return(f.value.length!==l.length||!f.value.every(p))&&(l=f.value),l}),h=U(()=>{s.value;let p=new Map(e);for(let $ of u.value){let y=p.get($.id);$.kind==="create"?p.set($.id,bt($.id,$.change,$.at)):$.kind==="delete"?p.delete($.id):y&&p.set($.id,yt(y,$.change))}return p}),g=U(()=>JSON.stringify(le.map(p=>O.value[p]??""))),b=U(()=>O.value.sort),D=U(()=>{let p=JSON.parse(g.value);return Ve(Object.fromEntries(le.map(($,y)=>[$,p[y]])))}),_=U(()=>{let p=[];for(let $ of h.value.values())xt($,D.value,a.value)&&p.push($);return p}),A={todo:[],in_progress:[],done:[]},S=U(()=>{let p={todo:[],in_progress:[],done:[]};for(let $ of _.value)p[$.status].push($);return A={todo:we(A.todo,p.todo,Qe),in_progress:we(A.in_progress,p.in_progress,Qe),done:we(A.done,p.done,Rt)},A}),I=U(()=>qt(b.value,ee.value)),v={by:null,rows:[]},w=U(()=>{let p=v.by===I.value?v.rows:[];return v={by:I.value,rows:we(p,_.value,I.value)},v.rows}),E=U(()=>{let p=new Set;for(let $ of h.value.values())$.assignee&&p.add($.assignee);return[...p].sort(new Intl.Collator(ee.value).compare)});function x(p){let $=!1;for(let y of p){let B=Math.max(e.get(y.id)?.version??0,t.get(y.id)??0);(n.delete(y.id)||y.version>B)&&(e.set(y.id,y),$=!0)}$&&(s.value+=1)}function k(){t.clear();for(let p of e.keys())n.add(p)}function F(p,$){n.delete(p),t.set(p,Math.max($,t.get(p)??0)),e.delete(p)&&(s.value+=1)}function c(p,$){let y=!1;for(let B of $)p.has(B)||(y=e.delete(B)||y);y&&(s.value+=1)}return{server:e,ops:f,loading:m,now:a,filterKey:g,tasks:h,visible:_,columns:S,rows:w,assignees:E,firstIds:o,learn:x,doubt:k,forget:F,keepOnly:c,keyOf:p=>o.get(p)??p}}var Pt=r`<circle cx="8" cy="8" r="5.75" />`,Mn={todo:Pt,in_progress:r`${Pt}<path class="fill" d="M8 4.5a3.5 3.5 0 0 1 0 7z" />`,done:r`<circle class="fill" cx="8" cy="8" r="6.5" /><path class="cut" d="m5.2 8.2 2 2 3.7-4.2" />`,high:r`<path d="m4 9 4-4 4 4M4 12.5l4-4 4 4" />`,medium:r`<path d="M4 8h8" />`,low:r`<path d="m4 6.5 4 4 4-4" />`,plus:r`<path d="M8 3.5v9M3.5 8h9" />`,close:r`<path d="m4.5 4.5 7 7m0-7-7 7" />`,search:r`<circle cx="7" cy="7" r="4.25" /><path d="m10.2 10.2 3.3 3.3" />`,filter:r`<path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3" />`,due:r`<rect x="2.75" y="3.75" width="10.5" height="9.5" rx="1.5" /><path d="M2.75 6.75h10.5M5.5 2.5v2.5M10.5 2.5v2.5" />`,warning:r`<path d="M8 2.8 14 13H2z" /><path d="M8 6.6v3M8 11.3v.1" />`,more:r`<path class="dots" d="M3.5 8h.01M8 8h.01M12.5 8h.01" />`,up:r`<path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7" />`,down:r`<path d="M8 3.5v9M4.5 9 8 12.5 11.5 9" />`,keyboard:r`<rect x="1.75" y="4.25" width="12.5" height="7.5" rx="1.5" /><path d="M4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5.5 9.5h5" />`};function C({name:e}){return r`<svg class=${`icon icon-${e}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${Mn[e]}</svg>`}var Ln=4e3,On=9e3,ke=M([]),et=M("");function tt(e){ke.value=ke.value.filter(t=>t.id!==e)}function Le(e,{kind:t="news",action:n,stays:o}={}){let s=J();ke.value=[...ke.value.slice(-2),{id:s,text:e,kind:t,action:n}],setTimeout(()=>tt(s),o??(n||t==="fault"?On:Ln))}function ne(e){et.value=et.value===e?`${e} `:e}function Nt(){return r`
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
            <${C} name="close" />
          </button>
        </div>`)}
    </div>
  `}var Kt=6e3,An=300,T=Ft(),fe=ht(),nt=()=>{},P=Ot({api:ae,store:T,connection:fe,keep:e=>nt(e),refused:(e,t)=>{Le(i("error.refused",{title:t.title,detail:e.message}),{kind:"fault"}),t.kind==="create"&&(W.value??=t.change)}}),V=M(null),pe=M(!1),W=M(null);async function Ut(){Ct({store:T,api:ae,connection:fe}),fe.onReturn(()=>{Le(i("connection.back")),P.flush()}),addEventListener("pagehide",P.leave),Rn();let e=await Lt();T.ops.value=[...e.ops,...T.ops.value],nt=e.keep,nt(T.ops.value),P.flush()}function Rn(){let e;ft(()=>{T.filterKey.value,clearTimeout(e),T.loading.value.capped&&(e=setTimeout(()=>Dt(T,ae,O.value).catch(()=>{}),An))})}function Oe(e){return ne(i("task.created",{title:e.title??""})),P.create(e)}function me(e,t){e.status!==t&&(P.update(e,{status:t}),ne(i("task.moved",{title:e.title,status:i(`status.${t}`)})))}function jt(e){me(e,e.completed?"todo":"done")}function $e(e){let{op:t}=P.remove(e,Kt),n={label:i("undo"),run:()=>{P.cancel(t.key)}};Le(i("task.deleted",{title:e.title}),{action:n,stays:Kt})}function zt(e){if(e){for(let t of T.tasks.value.values())if(String(t.number)===e||T.keyOf(t.id)===e)return t}}function he(e){R({task:e.number?String(e.number):T.keyOf(e.id)})}function ge(){W.value=null,O.value.task&&(history.state?.within?history.back():R({task:null},{replace:!0}))}function z({name:e,labelledby:t,onClose:n,children:o}){let s=N(null);q(()=>{let m=document.activeElement;return s.current?.showModal(),()=>{(m?.isConnected&&m!==document.body?m:document.getElementById("main"))?.focus({preventScroll:!0})}},[]);function a(m){m.target===s.current&&n()}function f(){n(),requestAnimationFrame(()=>{s.current?.isConnected&&!s.current.open&&s.current.showModal()})}return r`<dialog
    ref=${s}
    class=${`dialog ${e}`}
    data-test=${e}
    aria-labelledby=${t}
    onCancel=${m=>{m.preventDefault(),n()}}
    onClose=${f}
    onMouseDown=${a}
  >
    <div class="dialog-body">${o}</div>
  </dialog>`}function Bt(e,t){let n=null,o=null,s=0,a=0,f=0;function m(v){let w=v.target,E=w.closest("[data-id]");if(!E||n||v.button!==0||!v.isPrimary||w.closest("select, .check"))return;[s,a]=[v.clientX,v.clientY];let x=v.pointerType==="mouse"?void 0:setTimeout(l,260);o={card:E,id:v.pointerId,x:s,y:a,timer:x}}function l(){if(!o)return;let{card:v,id:w}=o,E=v.getBoundingClientRect(),x=v.cloneNode(!0);x.className+=" ghost",x.removeAttribute("data-id"),x.removeAttribute("data-test"),x.setAttribute("aria-hidden","true"),x.style.width=`${E.width}px`,x.style.height=`${E.height}px`,document.body.append(x),e.setPointerCapture(w),e.classList.add("dragging"),v.classList.add("lifted"),n={card:v,ghost:x,dx:o.x-E.left,dy:o.y-E.top,over:null},u(),h()}function u(){if(!n)return;n.ghost.style.transform=`translate(${s-n.dx}px, ${a-n.dy}px)`;let v=document.elementFromPoint(s,a)?.closest("[data-column]")??null,w=e.contains(v)?v:null;w!==n.over&&(n.over?.classList.remove("target"),w?.classList.add("target"),n.over=w)}function h(){if(!n)return;let v=e.getBoundingClientRect();s>v.right-40?e.scrollLeft+=10:s<v.left+40&&(e.scrollLeft-=10),f=requestAnimationFrame(h)}function g(v){!o||v.pointerId!==o.id||([s,a]=[v.clientX,v.clientY],n?u():Math.hypot(s-o.x,a-o.y)>5&&(v.pointerType==="mouse"?l():_()))}function b(v){if(!o||v.pointerId!==o.id)return;let{id:w}=o.card.dataset,E=n?.over?.dataset.column;n&&addEventListener("click",D,{capture:!0,once:!0}),setTimeout(()=>removeEventListener("click",D,{capture:!0})),_(),w&&E&&t(w,E)}function D(v){v.preventDefault(),v.stopPropagation()}function _(){clearTimeout(o?.timer),cancelAnimationFrame(f),n&&(n.ghost.remove(),n.card.classList.remove("lifted"),n.over?.classList.remove("target"),e.classList.remove("dragging")),n=null,o=null}function A(v){v.key!=="Escape"||!n||(v.stopPropagation(),_())}let S=v=>n&&v.cancelable&&v.preventDefault(),I=v=>n&&v.preventDefault();return e.addEventListener("pointerdown",m),addEventListener("pointermove",g),addEventListener("pointerup",b),addEventListener("pointercancel",_),addEventListener("keydown",A,!0),e.addEventListener("touchmove",S,{passive:!1}),e.addEventListener("contextmenu",I),e.addEventListener("dragstart",D),()=>{_(),e.removeEventListener("pointerdown",m),removeEventListener("pointermove",g),removeEventListener("pointerup",b),removeEventListener("pointercancel",_),removeEventListener("keydown",A,!0),e.removeEventListener("touchmove",S),e.removeEventListener("contextmenu",I),e.removeEventListener("dragstart",D)}}var Ht=864e5;function Wt(e){let t=new Date(e),n=t.getTime()%Ht===0,o=t.getHours()===23&&t.getMinutes()===59;return{date:t,utc:n,timed:!n&&!o}}var Ae=e=>String(e).padStart(2,"0"),qn=e=>`${String(e.getFullYear()).padStart(4,"0")}-${Ae(e.getMonth()+1)}-${Ae(e.getDate())}`;function ot(e){if(!e)return{day:"",time:""};let{date:t,timed:n,utc:o}=Wt(e);return o?{day:e.slice(0,10),time:""}:{day:qn(t),time:n?`${Ae(t.getHours())}:${Ae(t.getMinutes())}`:""}}function Yt(e,t){let n=ot(t);if(e.day===n.day&&e.time===n.time)return t;if(!e.day)return null;let o=new Date(`${e.day}T${e.time||"23:59"}`);return Number.isNaN(o.getTime())?e.day:o.toISOString()}function Re(e,t,{short:n=!1}={}){let{date:o,timed:s,utc:a}=Wt(e),f=a?{timeZone:"UTC"}:{},m=a?o.getTime():Date.UTC(o.getFullYear(),o.getMonth(),o.getDate()),l=new Date(t),u=Math.round((m-Date.UTC(l.getFullYear(),l.getMonth(),l.getDate()))/Ht),h;if(u===0)h=i("date.today");else if(u===1)h=i("date.tomorrow");else if(u===-1)h=i("date.yesterday");else{let g=(a?o.getUTCFullYear():o.getFullYear())===l.getFullYear(),b=!n&&u>1&&u<7;h=se(o,{...f,...b?{weekday:"short"}:{},day:"numeric",month:"short",...g||b?{}:{year:"numeric"}})}return!s||n&&Math.abs(u)>1?h:`${h}, ${se(o,{hour:"numeric",minute:"2-digit"})}`}function Vt(e,t){let[n,o]=[new Date(e),new Date(t)];if(n.toDateString()===o.toDateString())return se(n,{hour:"numeric",minute:"2-digit"});let s=n.getFullYear()===o.getFullYear()?{}:{year:"numeric"};return se(n,{day:"numeric",month:"short",...s})}function ve(e){return se(new Date(e),{dateStyle:"medium",timeStyle:"short"})}function qe({task:e,tabIndex:t}){let n=i(e.completed?"task.reopen":"task.finish",{title:e.title});return r`<button
    type="button"
    class=${`check status-${e.status}`}
    data-test="finish"
    aria-label=${n}
    aria-pressed=${e.completed}
    tabindex=${t}
    onClick=${()=>jt(e)}
  >
    <${C} name=${e.status} />
  </button>`}function Fe({task:e,tabIndex:t,compact:n=!1}){return r`<span class=${n?"mover compact":"mover"}>
    ${n&&r`<${C} name="more" />`}
    <select
      aria-label=${i("task.move",{title:e.title})}
      data-test="move"
      tabindex=${t}
      value=${e.status}
      onChange=${o=>me(e,o.currentTarget.value)}
    >
      ${H.map(o=>r`<option key=${o} value=${o} selected=${o===e.status}>${i(`status.${o}`)}</option>`)}
    </select>
  </span>`}function xe({priority:e}){return r`<span class=${`mark priority-${e}`}><${C} name=${e} /><span class="mark-text">${i(`priority.${e}`)}</span></span>`}function Se({task:e,now:t,short:n}){if(!e.due_date)return null;let o=Ie(e,t);return r`<span class=${o?"mark overdue":"mark due"} data-test="due">
    <${C} name=${o?"warning":"due"} />
    ${o&&r`<span class="visually-hidden">${i("task.overdue")}: </span>`}
    <span>${Re(e.due_date,t,{short:n})}</span>
  </span>`}var Gt=6,Pe=4,Ee=()=>parseFloat(getComputedStyle(document.documentElement).fontSize);function Ne(e,t,n=0){let o=N(null),[s,a]=L({first:0,last:24}),f=dt(()=>{let u=o.current;if(!u)return;let h=Math.max(0,u.scrollTop-n),g=Math.max(0,Math.floor((h/t-Gt)/Pe)*Pe),b=Math.ceil(((h+u.clientHeight)/t+Gt)/Pe)*Pe;a(D=>D.first===g&&D.last===b?D:{first:g,last:b})},[t,n]);Z(()=>{let u=o.current;if(!u)return;f();let h=new ResizeObserver(f);return h.observe(u),u.addEventListener("scroll",f,{passive:!0}),()=>{h.disconnect(),u.removeEventListener("scroll",f)}},[f]);let m=u=>{let h=o.current;if(!h||u<0)return;let g=n+u*t;g-n<h.scrollTop?h.scrollTop=g-n:g+t>h.scrollTop+h.clientHeight&&(h.scrollTop=g+t-h.clientHeight)},l=Math.min(s.last,e);return{ref:o,first:Math.min(s.first,l),last:l,reveal:m}}function Ke(e,t,n,o){let s=Array.from({length:Math.max(0,t-e)},(a,f)=>e+f);return n>=0&&n<o&&n<e?s.unshift(n):n>=t&&n<o&&s.push(n),s}var Fn=5.25,Ue=M(""),st=!1;function _e(e){Ue.value=e,st=!0}function rt({store:e,t,route:n}){let o=N(null),s=ce(n.status),a=H.filter(l=>s.length===0||s.includes(l)),f=e.columns.value;q(()=>{if(o.current)return Bt(o.current,(l,u)=>{let h=e.tasks.value.get(l);h&&me(h,u)})},[]);function m(l){let h=l.target.closest("[data-id]")?.getAttribute("data-id"),g=h?e.tasks.value.get(h):void 0;if(!g||l.ctrlKey||l.metaKey||l.target.tagName==="SELECT")return;let b=a.indexOf(g.status),D=f[g.status].findIndex(S=>S.id===g.id),_={ArrowLeft:-1,ArrowRight:1}[l.key],A={ArrowUp:-1,ArrowDown:1}[l.key];if(l.altKey&&_){let S=H[H.indexOf(g.status)+_];S&&(_e(g.id),me(g,S))}else if(_)for(let S=b+_;a[S];S+=_){let I=f[a[S]];if(I.length!==0){_e(I[Math.min(D,I.length-1)].id);break}}else if(A){let S=f[g.status][D+A];S&&_e(S.id)}else if(l.key==="Home"||l.key==="End"){let S=f[g.status].at(l.key==="Home"?0:-1);S&&_e(S.id)}else if(l.key==="Delete"){let S=f[g.status][D+1]??f[g.status][D-1];S&&_e(S.id),$e(g)}else return;l.preventDefault()}return r`<div class="board" ref=${o} onKeyDown=${m} role="group" aria-label=${t("board.label")} data-test="board">
    <h1 class="visually-hidden">${t("view.board")}</h1>
    <p class="visually-hidden" id="board-hint">${t("board.hint")}</p>
    ${a.map(l=>r`<${Pn} key=${l} status=${l} tasks=${f[l]} store=${e} t=${t} />`)}
  </div>`}function Pn({status:e,tasks:t,store:n,t:o}){let s=Fn*Ee(),{ref:a,first:f,last:m,reveal:l}=Ne(t.length,s),u=t.findIndex(b=>b.id===Ue.value||n.keyOf(b.id)===Ue.value),h=n.now.value;Z(()=>{if(!st||u<0)return;l(u);let b=a.current?.querySelector(`[data-id="${t[u].id}"] .card-title`);b&&(st=!1,b.focus({preventScroll:!0}),b.closest(".column")?.scrollIntoView({block:"nearest",inline:"nearest"}))});let g=`column-${e}`;return r`<section class="column" data-column=${e} data-test=${`column-${e}`} aria-labelledby=${g}>
    <header class="column-head">
      <h2 id=${g}><${C} name=${e} />${o(`status.${e}`)} <span class="count" data-test="count">${t.length}</span></h2>
      <button
        type="button"
        class="icon-button"
        data-test=${`add-${e}`}
        aria-label=${o("task.add.to",{status:o(`status.${e}`)})}
        onClick=${()=>V.value={status:e}}
      >
        <${C} name="plus" />
      </button>
    </header>
    <div class="column-scroll" ref=${a}>
      ${t.length===0&&n.loading.value.done&&r`<p class="column-empty">${o("empty.column")}</p>`}
      <ul class="cards" style=${{height:`${t.length*s}px`}} aria-describedby="board-hint">
        ${Ke(f,m,u,t.length).map(b=>{let D=t[b],_=u<0?b===0:b===u;return r`<li
            key=${n.keyOf(D.id)}
            class="slot"
            style=${{transform:`translateY(${b*s}px)`}}
            aria-setsize=${t.length}
            aria-posinset=${b+1}
          >
            <${Nn} task=${D} now=${h} reachable=${_} t=${o} />
          </li>`})}
      </ul>
    </div>
  </section>`}function Nn({task:e,now:t,reachable:n,t:o}){let s=n?0:-1;return r`<article
    class=${`card priority-${e.priority} ${e.completed?"completed":""} ${e.version?"":"unsaved"}`}
    data-test="card"
    data-id=${e.id}
    data-number=${e.number}
    onFocusIn=${()=>Ue.value=e.id}
    onClick=${a=>a.target.closest("button, select")||he(e)}
  >
    <${qe} task=${e} tabIndex=${s} />
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
  </article>`}var Kn=2.75,Un=4,jn=2.5,zn=new Set(["number","priority","updated_at"]),je=matchMedia("(max-width: 44rem)"),De=M(""),ze=!1;function at({store:e,t,route:n}){let[o,s]=L(je.matches);q(()=>{let k=()=>s(je.matches);return je.addEventListener("change",k),()=>je.removeEventListener("change",k)},[]);let a=e.rows.value,f=(o?Un:Kn)*Ee(),{ref:m,first:l,last:u,reveal:h}=Ne(a.length,f,jn*Ee()),g=a.findIndex(k=>k.id===De.value||e.keyOf(k.id)===De.value),b=e.now.value;Z(()=>{m.current&&(m.current.scrollTop=0)},[n.sort]),Z(()=>{if(!ze||g<0)return;h(g);let k=m.current?.querySelector(`[data-id="${a[g].id}"] .row-title`);k&&(ze=!1,k.focus({preventScroll:!0}))});function D(k){let F=k.target,c=F.closest("[data-id]")?.getAttribute("data-id"),d=a.findIndex(y=>y.id===c);if(d<0||k.altKey||k.ctrlKey||k.metaKey||F.tagName==="SELECT")return;let p=Math.max(1,Math.floor((m.current?.clientHeight??0)/f)-2),$={ArrowUp:-1,ArrowDown:1,PageUp:-p,PageDown:p,Home:-d,End:a.length-1-d}[k.key];if($!==void 0){let y=a[Math.min(Math.max(d+$,0),a.length-1)];ze=!0,De.value=y.id}else if(k.key==="Delete"){let y=a[d+1]??a[d-1];y&&(ze=!0,De.value=y.id),$e(a[d])}else return;k.preventDefault()}let _=Ke(l,u,g,a.length),A=_.filter(k=>k>=l&&k<u),S=_.filter(k=>k<l),I=_.filter(k=>k>=u),v=k=>r`<${Hn} key=${e.keyOf(a[k].id)} task=${a[k]} index=${k} now=${b} t=${t} reachable=${g<0?k===0:k===g} />`,w=(k,F)=>F>0&&r`<tr key=${k} class="gap" aria-hidden="true"><td style=${{height:`${F*f}px`}}></td></tr>`,[E]=I,x=[...S.map(v),w("above",l-S.length),...A.map(v),w("between",(E??a.length)-u),...I.map(v),E!==void 0&&w("below",a.length-1-E)];return r`<div class="list" ref=${m} onKeyDown=${D}>
    <h1 class="visually-hidden">${t("view.list")}</h1>
    <table aria-label=${t("list.label")} aria-rowcount=${a.length+1} data-test="list">
      <thead>
        <tr aria-rowindex="1">
          <th scope="col" class="of-check"><span class="visually-hidden">${t("list.actions")}</span></th>
          ${Xe.map(k=>r`<${Bn} key=${k} name=${k} route=${n} t=${t} />`)}
        </tr>
      </thead>
      <tbody>
        ${x}
      </tbody>
    </table>
  </div>`}function Bn({name:e,route:t,t:n}){let{key:o,descending:s}=Ze(t.sort),a=o===e,m=`${(a?!s:zn.has(e))?"-":""}${e}`,l=n(`field.${e}`);return r`<th scope="col" class=${`of-${e}`} aria-sort=${a?s?"descending":"ascending":void 0}>
    <a
      href=${be({sort:m})}
      class="sort"
      data-test=${`sort-${e}`}
      title=${n("sort.by",{field:l})}
      onClick=${u=>{u.metaKey||u.ctrlKey||(u.preventDefault(),R({sort:m}))}}
      >${l}${a&&r`<${C} name=${s?"down":"up"} />`}</a
    >
  </th>`}function Hn({task:e,index:t,now:n,reachable:o,t:s}){let a=o?0:-1;return r`<tr
    class=${`row ${e.completed?"completed":""} ${e.version?"":"unsaved"}`}
    data-test="row"
    data-id=${e.id}
    data-number=${e.number}
    aria-rowindex=${t+2}
    onFocusIn=${()=>De.value=e.id}
    onClick=${f=>f.target.closest("button, select")||he(e)}
  >
    <td class="of-check"><${qe} task=${e} tabIndex=${a} /></td>
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
    <td class="of-updated_at"><time datetime=${e.updated_at} title=${ve(e.updated_at)}>${Vt(e.updated_at,n)}</time></td>
  </tr>`}var it={board:rt,list:at,figures:Jt(()=>import("./figures-PZ4GVYXD.js")),schema:Jt(()=>import("./schema-HHASF3XE.js"))},Te=Object.keys(it);function Jt(e){let t;return function(o){let[s,a]=L({View:null,failed:!1});return q(()=>{t??=e(),t.then(f=>a({View:f.default,failed:!1}),()=>{t=void 0,a({View:null,failed:!0})})},[]),s.failed?r`<p class="notice" role="alert">${o.t("view.failed")}</p>`:s.View?r`<${s.View} ...${o} />`:r`<p class="notice" role="status">${o.t("view.loading")}</p>`}}var Xt="taskmanager.keys",Be=M(localStorage.getItem(Xt)!=="off"),Wn={n:()=>V.value={},"/":()=>document.querySelector("#search")?.focus(),"?":()=>pe.value=!0,...Object.fromEntries(Te.map((e,t)=>[String(t+1),()=>R({view:e})]))};function Qt(){addEventListener("keydown",e=>{let t=e.target;if(!Be.value||e.ctrlKey||e.metaKey||e.altKey||e.isComposing||document.querySelector("dialog[open]")||W.value||t.matches("input, textarea, select, [contenteditable]"))return;let n=Wn[e.key];n&&(e.preventDefault(),n())})}var Yn=[[["n"],"keys.new"],[["/"],"keys.search"],[["1","2","3","4"],"keys.views"],[["?"],"keys.help"],[["←","↑","→","↓"],"keys.arrows"],[["Alt","← →"],"keys.move"],[["Enter"],"keys.enter"],[["Delete"],"keys.delete"],[["Esc"],"keys.escape"]];function Zt(){let e=()=>pe.value=!1;return r`<${z} name="keys" labelledby="keys-title" onClose=${e}>
    <header class="dialog-head">
      <h2 id="keys-title" tabindex="-1" autofocus>${i("keys.title")}</h2>
      <button type="button" class="icon-button" data-test="close" aria-label=${i("sheet.close")} onClick=${e}><${C} name="close" /></button>
    </header>
    <dl class="keys-list">
      ${Yn.map(([t,n])=>r`<div key=${n}>
          <dt>${t.map(o=>r`<kbd>${o}</kbd>`)}</dt>
          <dd>${i(n)}</dd>
        </div>`)}
    </dl>
    <label class="switch">
      <input
        type="checkbox"
        data-test="single-keys"
        checked=${Be.value}
        onChange=${t=>{Be.value=t.currentTarget.checked,localStorage.setItem(Xt,Be.value?"on":"off")}}
      />
      <span>${i("keys.single")} <small>${i("keys.single.hint")}</small></span>
    </label>
  <//>`}function oe(e,t){return t==null||t===""?r`<em>${i("field.none")}</em>`:e==="due_date"?Re(t,T.now.value):e==="status"||e==="priority"?i(`${e}.${t}`):t}function en({op:e}){let t=T.server.get(e.id);T.tasks.value;let[n,o]=L(new Set(Object.keys(e.change))),s=()=>P.resolve(e,null);if(q(()=>{t||P.vanish(e)},[t===void 0]),!t)return null;if(e.kind==="delete")return r`<${Vn} op=${e} theirs=${t} giveUp=${s} />`;let a=Y.filter(l=>l in e.change);function f(l,u){let h=new Set(n);u?h.add(l):h.delete(l),o(h)}function m(){let l=a.filter(u=>n.has(u)&&!G(u,e.change[u],t?.[u]));P.resolve(e,l.length>0?Object.fromEntries(l.map(u=>[u,e.change[u]])):null)}return r`<${z} name="conflict" labelledby="conflict-title" onClose=${s}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${i("conflict.title")}</h2></header>
    <p>${i("conflict.text",{title:t.title})}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${i("conflict.field")}</th><th scope="col">${i("conflict.mine")}</th><th scope="col">${i("conflict.theirs")}</th></tr>
      </thead>
      <tbody>
        ${Y.map(l=>{let u=i(`field.${l}`);if(!(l in e.change&&!G(l,e.change[l],t[l])))return r`<tr key=${l} class="alike"><th scope="row">${u}</th><td colspan="2">${oe(l,t[l])}</td></tr>`;let g=b=>r`<td>
            <label class="version">
              <input
                type="radio"
                name=${`choice-${l}`}
                data-test=${`choose-${l}-${b?"mine":"theirs"}`}
                aria-label=${i(b?"conflict.choose.mine":"conflict.choose.theirs",{field:u})}
                checked=${n.has(l)===b}
                onChange=${()=>f(l,b)}
              />
              <span>${oe(l,b?e.change[l]:t[l])}</span>
            </label>
          </td>`;return r`<tr key=${l} class="differs"><th scope="row">${u}</th>${g(!0)}${g(!1)}</tr>`})}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button" data-test="keep-theirs" onClick=${s}>${i("conflict.keep.theirs")}</button>
      <button type="button" class="button primary" data-test="save-choice" onClick=${m}>${i("conflict.save")}</button>
    </footer>
  <//>`}function Vn({op:e,theirs:t,giveUp:n}){return r`<${z} name="conflict" labelledby="conflict-title" onClose=${n}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${i("conflict.title")}</h2></header>
    <p>${i("conflict.delete",{title:t.title})}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${i("conflict.field")}</th><th scope="col">${i("conflict.seen")}</th><th scope="col">${i("conflict.now")}</th></tr>
      </thead>
      <tbody>
        ${Y.map(o=>{let s=r`<th scope="row">${i(`field.${o}`)}</th>`;return e.seen!==void 0&&!G(o,e.seen[o],t[o])?r`<tr key=${o} class="differs">${s}<td>${oe(o,e.seen?.[o])}</td><td>${oe(o,t[o])}</td></tr>`:r`<tr key=${o} class="alike">${s}<td colspan="2">${oe(o,t[o])}</td></tr>`})}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button danger" data-test="delete-anyway" onClick=${()=>P.resolve(e,{})}>${i("conflict.delete.anyway")}</button>
      <button type="button" class="button primary" data-test="keep-theirs" onClick=${n}>${i("conflict.keep.theirs")}</button>
    </footer>
  <//>`}function He(e){return le.filter(t=>t!=="q"&&e[t]).length}function lt(){R(Object.fromEntries(le.map(e=>[e,null])))}function nn(){let{assignee:e="",due_from:t="",due_to:n="",overdue:o=""}=O.value,s=T.tasks.value.size,a=T.visible.value.length,f=T.assignees.value,m=ce(e)[0]??"",l=u=>h=>R({[u]:h.currentTarget.value});return r`<section class="filters" id="filters" aria-label=${i("filters.label")} data-test="filters">
    <${tn} name="status" values=${H} />
    <${tn} name="priority" values=${ie} />
    <label class="field-inline">
      <span class="visually-hidden">${i("field.assignee")}</span>
      <select data-test="filter-assignee" value=${m} onChange=${u=>R({assignee:u.currentTarget.value&&(u.currentTarget.value===te?te:Ye([u.currentTarget.value]))})}>
        <option value="" selected=${m===""}>${i("filters.anyone")}</option>
        <option value=${te} selected=${m===te}>${i("filters.nobody")}</option>
        ${f.map(u=>r`<option key=${u} value=${u} selected=${m===u}>${u}</option>`)}
      </select>
    </label>
    <span class="field-inline due-range">
      <span aria-hidden="true">${i("field.due_date")}</span>
      <input type="date" aria-label=${i("filters.due_from")} data-test="filter-due-from" value=${t} onChange=${l("due_from")} />
      <span aria-hidden="true">–</span>
      <input type="date" aria-label=${i("filters.due_to")} data-test="filter-due-to" value=${n} onChange=${l("due_to")} />
    </span>
    <label class="chip"><input type="checkbox" data-test="filter-overdue" checked=${o==="true"} onChange=${()=>R({overdue:o?null:"true"})} /><span><${C} name="warning" />${i("filters.overdue")}</span></label>
    <span class="filters-end">
      <span role="status" data-test="shown">${a===s?i("count.tasks",{count:a}):i("count.of",{count:a,total:s})}</span>
      ${(He(O.value)>0||O.value.q)&&r`<button type="button" class="button quiet" data-test="filters-clear" onClick=${lt}>${i("filters.clear")}</button>`}
    </span>
  </section>`}function tn({name:e,values:t}){let n=new Set(ce(O.value[e]));function o(s){let a=new Set(n);a.delete(s)||a.add(s),R({[e]:a.size===t.length?null:Ye(t.filter(f=>a.has(f)))})}return r`<fieldset class="chips">
    <legend class="visually-hidden">${i(`field.${e}`)}</legend>
    ${t.map(s=>r`<label key=${s} class="chip">
        <input type="checkbox" data-test=${`filter-${e}-${s}`} checked=${n.has(s)} onChange=${()=>o(s)} />
        <span class=${`${e}-${s}`}><${C} name=${s} />${i(`${e}.${s}`)}</span>
      </label>`)}
  </fieldset>`}function on({op:e}){let[t,n]=L(0),o={...e.seen,...e.change};function s(a){P.restore(e,a),ne(i(a?"task.created":"gone.discarded",{title:e.title}))}return r`<${z} name="conflict" labelledby="gone-title" onClose=${()=>n(t+1)}>
    <header class="dialog-head"><h2 id="gone-title" tabindex="-1" autofocus>${i("gone.title")}</h2></header>
    <p>${i("gone.text",{title:e.seen?.title??e.title})}</p>
    <table class="versions">
      <tbody>
        ${Y.map(a=>r`<tr key=${a} class=${a in e.change?"differs":"alike"}>
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
  <//>`}function sn(e){let t={},n=s=>s.normalize("NFD").replace(/\p{M}/gu,"").toLowerCase(),o=e.split(/\s+/).filter(s=>{let a=ie.find(m=>[`!${m}`,n(`!${i(`priority.${m}`)}`)].includes(n(s)));a&&(t.priority=a);let f=/^@(\S+)$/.exec(s)?.[1];return f&&(t.assignee=f.replaceAll("_"," ")),!a&&!f});return t.title=o.join(" "),t}function rn({begin:e}){let[t,n]=L(""),[o,s]=L(""),[a,f]=L(""),m=()=>V.value=null;async function l(u){u.preventDefault();let h={...e,...sn(t)};if(!h.title||!gt(h.title))return;n(""),f(""),s(h.title);let g=await Oe(h).outcome();g.kind==="refused"&&(n(b=>b||t),s(""),f(g.problem.message))}return r`<${z} name="quick-add" labelledby="quick-add-title" onClose=${m}>
    <h2 id="quick-add-title" class="visually-hidden">${i("quick.label")}</h2>
    <form onSubmit=${l}>
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
        onClick=${()=>{W.value={...e,...sn(t)},m()}}
      >
        ${i("quick.more")}
      </button>
    </footer>
    ${o&&r`<p class="quick-last" role="status"><${C} name="done" />${i("task.created",{title:o})}</p>`}
    ${a&&r`<p class="fault" role="alert">${i("sheet.refused",{detail:a})}</p>`}
  <//>`}var Gn=60;function an(){let e=O.value.q??"",[t,n]=L(e),o=N(0),s=N(e);q(()=>{let f=O.peek().q??"";f!==s.current&&(clearTimeout(o.current),s.current=f,n(f))},[e]);function a(f){n(f),clearTimeout(o.current);let m=()=>{s.current=f,R({q:f},{replace:e!==""&&f!==""})};T.tasks.value.size<1e3?m():o.current=setTimeout(m,Gn)}return r`<form role="search" class="search" onSubmit=${f=>f.preventDefault()}>
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
      onInput=${f=>a(f.currentTarget.value)}
      onKeyDown=${f=>{f.key==="Escape"&&(f.preventDefault(),t?a(""):f.currentTarget.blur())}}
    />
    <kbd aria-hidden="true">/</kbd>
  </form>`}function Q({name:e,label:t,fault:n,children:o}){let s=`field-${e}`,a={id:s,name:e,"data-test":s,"aria-invalid":n?"true":void 0,"aria-describedby":n?`${s}-fault`:void 0};return r`<div class="field">
    <label for=${s}>${t}</label>
    ${o(a)}
    ${n&&r`<p class="fault" id=${`${s}-fault`} data-test=${`fault-${e}`}>${n}</p>`}
  </div>`}function ln(e){let{title:t="",description:n,status:o="todo",priority:s="medium",assignee:a,due_date:f}=e;return{title:t,description:n??"",status:o,priority:s,assignee:a??"",...ot(f??null)}}function cn(e,t){let n={title:e.title,description:e.description||(t.description===""?"":null),status:e.status,priority:e.priority,assignee:e.assignee.trim()||null,due_date:Yt(e,t.due_date??null)},o=Y.filter(s=>!G(s,n[s],t[s]));return Object.fromEntries(o.map(s=>[s,n[s]]))}function ct({task:e,begin:t,gone:n=!1}){let[o,s]=L(e??t),[a,f]=L(()=>ln(e??t)),[m,l]=L(new Map),[u,h]=L(""),[g,b]=L(!1),[D,_]=L(!1),A=N(null),S=cn(a,e?o:{status:"todo",priority:"medium",title:""}),I=Object.keys(e?S:cn(a,{title:"",status:"todo",priority:"medium",...t})).length>0,v=e!==null&&e.version>(o.version??0);q(()=>{!e||D||e===o||I||(s(e),f(ln(e)))},[e,I,D]),q(()=>{m.size!==0&&A.current?.querySelector("[aria-invalid=true]")?.focus()},[m]);let w=d=>p=>{let{value:$}=p.currentTarget;f(y=>({...y,[d]:$})),b(!1)},E=()=>I&&!g?b(!0):ge();async function x(d){if(d.preventDefault(),D)return;if(e&&!I)return ge();_(!0),h("");let $=await(e?P.update({...o,id:e.id},S):Oe(S)).outcome();if(_(!1),$.kind!=="refused")return e&&$.kind==="done"&&ne(i("task.saved",{title:a.title})),ge();let{problem:y}=$;l(y.fields),y.fields.size===0&&h(y.message)}function k(d){d.key==="Enter"&&(d.ctrlKey||d.metaKey)&&A.current?.requestSubmit()}let F=e?e.number?i("sheet.edit",{number:String(e.number)}):i("task.sending"):i("sheet.new"),c=d=>({value:a[d],onInput:w(d)});return r`<${z} name="sheet" labelledby="sheet-title" onClose=${E}>
    <form ref=${A} onSubmit=${x} onKeyDown=${k} novalidate>
      <header class="dialog-head">
        <h2 id="sheet-title" tabindex="-1" autofocus=${e!==null}>${F}</h2>
        <button type="button" class="icon-button" data-test="close" aria-label=${i("sheet.close")} onClick=${E}><${C} name="close" /></button>
      </header>
      <div class="sheet-fields">
        ${n&&r`<p class="notice" role="alert" data-test="gone">${i("task.missing")}</p>`}
        ${v&&I&&r`<p class="notice" role="status" data-test="changed-meanwhile">${i("sheet.changed")}</p>`}
        ${u&&r`<p class="fault" role="alert">${i("sheet.refused",{detail:u})}</p>`}
        <${Q} name="title" label=${i("field.title")} fault=${m.get("title")}>
          ${d=>r`<textarea ...${d} rows="2" autofocus=${!e} required ...${c("title")} onKeyDown=${Jn}></textarea>`}
        <//>
        <div class="sheet-row">
          <${Q} name="status" label=${i("field.status")} fault=${m.get("status")}>
            ${d=>r`<select ...${d} value=${a.status} onChange=${w("status")}>
              ${H.map(p=>r`<option key=${p} value=${p} selected=${a.status===p}>${i(`status.${p}`)}</option>`)}
            </select>`}
          <//>
          <${Q} name="priority" label=${i("field.priority")} fault=${m.get("priority")}>
            ${d=>r`<select ...${d} value=${a.priority} onChange=${w("priority")}>
              ${ie.map(p=>r`<option key=${p} value=${p} selected=${a.priority===p}>${i(`priority.${p}`)}</option>`)}
            </select>`}
          <//>
        </div>
        <${Q} name="assignee" label=${i("field.assignee")} fault=${m.get("assignee")}>
          ${d=>r`<input ...${d} list="assignees" autocomplete="off" ...${c("assignee")} />`}
        <//>
        <datalist id="assignees">${T.assignees.value.map(d=>r`<option key=${d} value=${d}></option>`)}</datalist>
        <div class="sheet-row">
          <${Q} name="due_date" label=${i("field.due_day")} fault=${m.get("due_date")}>
            ${d=>r`<input type="date" ...${d} ...${c("day")} />`}
          <//>
          <${Q} name="due_time" label=${i("field.due_time")}>
            ${d=>r`<input type="time" ...${d} disabled=${!a.day} ...${c("time")} />`}
          <//>
        </div>
        <${Q} name="description" label=${i("field.description")} fault=${m.get("description")}>
          ${d=>r`<textarea ...${d} rows="7" ...${c("description")}></textarea>`}
        <//>
        ${e&&r`<${Xn} task=${e} />`}
      </div>
      ${g?r`<footer class="dialog-foot" role="alert">
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
            <button type="submit" class="button primary" data-test="save" aria-busy=${D}>${i(e?"sheet.save":"sheet.create")}</button>
          </footer>`}
    </form>
  <//>`}function Jn(e){e.key!=="Enter"||e.isComposing||(e.preventDefault(),e.currentTarget.form?.requestSubmit())}function Xn({task:e}){return e.version?r`<dl class="facts">
    <div><dt>${i("field.created_at")}</dt><dd>${ve(e.created_at)}</dd></div>
    <div><dt>${i("field.updated_at")}</dt><dd>${ve(e.updated_at)}</dd></div>
    ${e.completed_at&&r`<div><dt>${i("field.completed_at")}</dt><dd>${ve(e.completed_at)}</dd></div>`}
    <div><dt>${i("field.version")}</dt><dd>${e.version}</dd></div>
  </dl>`:null}var ye=M(He(O.value)>0&&matchMedia("(min-width: 52rem)").matches),Qn=new Set(["board","list"]);function Zn(){return Te.find(e=>e===O.value.view)??"board"}function un(){let e=Zn(),t=Qn.has(e),n=He(O.value);return q(()=>{document.title=`${i(`view.${e}`)} · ${i("app.name")}`},[e,ee.value]),r`
    <a class="skip" href="#main">${i("app.skip")}</a>
    <${eo} view=${e} ofTasks=${t} count=${n} />
    ${fe.state.value==="lost"&&r`<${no} />`}
    ${t&&ye.value&&r`<${nn} />`}
    <main id="main" tabindex="-1" class=${`view view-${e}`} data-test="main">
      ${t&&r`<${oo} />`}
      <${it[e]} key=${e} store=${T} api=${ae} t=${i} lang=${ee.value} route=${O.value} navigate=${R} />
    </main>
    <${so} />
    <${Nt} />
  `}function eo({view:e,ofTasks:t,count:n}){let o=pt.find(s=>s!==ee.value)??"en";return r`<header class="bar">
    <span class="brand" aria-hidden="true"><${C} name="done" /></span>
    <nav aria-label=${i("nav.label")}>
      ${Te.map(s=>r`<a
          key=${s}
          href=${be({view:s==="board"?null:s,task:null})}
          aria-current=${s===e?"page":void 0}
          data-test=${`nav-${s}`}
          onClick=${a=>{a.metaKey||a.ctrlKey||a.shiftKey||(a.preventDefault(),R({view:s==="board"?null:s,task:null}))}}
          >${i(`view.${s}`)}</a
        >`)}
    </nav>
    ${t&&r`<${an} />
      <button
        type="button"
        class="button quiet"
        data-test="filters-toggle"
        aria-expanded=${ye.value}
        aria-controls=${ye.value?"filters":void 0}
        onClick=${()=>ye.value=!ye.value}
      >
        <${C} name="filter" /><span class="text">${i("filters.toggle")}</span>${n>0&&r`<span class="badge">${n}</span>`}
      </button>`}
    <span class="bar-end">
      <${to} />
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
        <${C} name="keyboard" />
      </button>
      <button type="button" class="button primary" data-test="new-task" aria-label=${i("task.new")} title=${`${i("task.new")}`} onClick=${()=>W.value={}}>
        <${C} name="plus" /><span>${i("task.new")}</span>
      </button>
    </span>
  </header>`}function to(){let e=fe.state.value;return r`<span class=${`state state-${e}`} data-test="connection" data-state=${e} role="status">
    <span class="dot" aria-hidden="true"></span><span class="state-text">${i(`connection.${e}`)}</span>
  </span>`}function no(){let e=T.ops.value.length;return r`<div class="banner" role="alert" data-test="offline">
    <${C} name="warning" />
    <p>${i("connection.banner")} ${e>0&&r`<strong data-test="waiting">${i("connection.waiting",{count:e})}</strong>`}</p>
  </div>`}function oo(){let{done:e,count:t,capped:n,failed:o}=T.loading.value,s=T.tasks.value.size,a=T.visible.value.length;if(o)return r`<p class="notice" role="alert">${i("load.failed",{detail:o})}</p>`;if(e&&s===0){let f=r`<kbd>n</kbd>`,[m,l]=i("empty.all.hint",{key:"\0"}).split("\0");return r`<div class="empty" data-test="empty"><p>${i("empty.all")}</p><p>${m}${f}${l}</p></div>`}return e&&a===0?r`<div class="empty" role="status" data-test="empty">
      <p>${i("empty.filtered")}</p>
      <button type="button" class="button" data-test="clear" onClick=${lt}>${i("filters.clear")}</button>
    </div>`:!e&&s===0?r`<p class="empty loading" role="status">${i("view.loading")}</p>`:n?r`<p class="notice" role="status">${i("load.capped",{count:t})}</p>`:ye.value||a===s?null:r`<p class="visually-hidden" role="status">${i("count.of",{count:a,total:s})}</p>`}function so(){let e=N(null),t=T.ops.value.find(a=>a.state==="conflict"||a.state==="gone"),n=O.value.task;if(t)return r`<${t.state==="gone"?on:en} key=${t.key} op=${t} />`;if(pe.value)return r`<${Zt} />`;if(V.value)return r`<${rn} begin=${V.value} />`;if(W.value)return r`<${ct} key="new" task=${null} begin=${W.value} />`;if(!n)return null;let o=zt(n);o&&(e.current={ref:n,task:o});let s=o??(e.current?.ref===n?e.current.task:void 0);return s?r`<${ct} key=${T.keyOf(s.id)} task=${s} begin=${{}} gone=${!o} />`:T.loading.value.done?r`<${ro} />`:null}function ro(){return r`<p class="notice missing" role="alert" data-test="missing">
    ${i("task.missing")} <button type="button" class="button quiet" onClick=${()=>R({task:null},{replace:!0})}>${i("dismiss")}</button>
  </p>`}var dn=document.getElementById("app");dn&&ut(r`<${un} />`,dn);Qt();Ut();
