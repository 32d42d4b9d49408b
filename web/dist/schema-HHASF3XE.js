import{a as f}from"./chunk-NM5D6MWP.js";import{b as g,c as p,f as u,l as s,r as v}from"./chunk-YOJP2NNR.js";function y({lines:t,t:e,lang:o}){return s`<section aria-labelledby="schema-history">
    <h2 id="schema-history">${e("schema.history")}</h2>
    <div class="scroll" role="region" aria-labelledby="schema-history" tabindex="0">
      <table aria-labelledby="schema-history">
        <thead><tr>
          <th scope="col">${e("schema.migration")}</th>
          <th scope="col">${e("schema.standing")}</th>
          <th scope="col">${e("schema.applied")}</th>
          <th scope="col">${e("schema.took")}</th>
        </tr></thead>
        <tbody>${t.toReversed().map(a=>s`<tr key=${a.version} class=${a.state}>
          <th scope="row">${a.description}<br /><code>${a.version}</code></th>
          <td>${w(a,e)}</td>
          <td>${a.applied_at?s`<time datetime=${a.applied_at}>${v(new Date(a.applied_at),{dateStyle:"medium",timeStyle:"short"})}</time>`:"–"}</td>
          <td>${a.seconds===null?"–":S(a.seconds,o)}</td>
        </tr>`)}</tbody>
      </table>
    </div>
  </section>`}function w(t,e){return t.state==="applied"&&t.kind==="stamped"?e("schema.standing.stamped"):t.state==="applied"&&t.same_file===!1?e("schema.standing.edited"):e(`schema.standing.${t.state}`)}function S(t,e){let[o,a]=t<1?["millisecond",t*1e3]:t<120?["second",t]:["minute",t/60],n={maximumSignificantDigits:a<100?2:3};return new Intl.NumberFormat(e,{style:"unit",unit:String(o),unitDisplay:"short",...n}).format(Number(a))}var b={current:{grave:"good",commands:[]},ahead_compatible:{grave:"good",commands:["taskmanager migrate history"]},behind:{grave:"wait",commands:["taskmanager migrate plan","taskmanager migrate up"]},failed:{grave:"bad",commands:["taskmanager migrate status","taskmanager migrate up"]},ahead_incompatible:{grave:"bad",commands:["taskmanager migrate history","taskmanager restore"]},diverged:{grave:"bad",commands:["taskmanager migrate status"]},drifted:{grave:"bad",commands:["taskmanager migrate status","taskmanager restore"]},unreachable:{grave:"bad",commands:["taskmanager migrate doctor"]},unknown:{grave:"wait",commands:["taskmanager migrate status"]}},_={good:"M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm-1.4 14.4-4-4 1.5-1.5 2.5 2.5 5.3-5.3 1.5 1.5-6.8 6.8Z",wait:"M6 2h12v5l-4.2 5 4.2 5v5H6v-5l4.2-5L6 7V2Zm2.2 2v2.3l3.8 4.6 3.8-4.6V4H8.2Z",bad:"M12 2 1 21h22L12 2Zm-1 7h2v6h-2V9Zm0 7.5h2v2h-2v-2Z"};function k({state:t,concerns:e,missing:o,t:a}){let n=b[t]?t:"unknown",{grave:r,commands:c}=b[n];return s`<div class=${`schema-state ${r}`} role="status">
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${_[r]} fill-rule="evenodd" /></svg>
    <div>
      <p class="schema-word"><strong>${a(`schema.state.${n}`)}</strong>${" "}<code>${t}</code></p>
      <p>${a(`schema.means.${n}`)}</p>
      ${e.length>0&&s`<ul class="schema-concerns" lang="en">${e.map(({version:i,reason:d})=>s`<li key=${i}><code>${i}</code>${" "}${d}</li>`)}</ul>`}
      ${o.length>0&&s`<p>${a("schema.missing")}${" "}${o.map((i,d)=>s`${d>0&&", "}<code key=${i}>${i}</code>`)}</p>`}
      ${c.length>0&&s`<p>${a(r==="good"?"schema.look":"schema.fix")}</p>
        <ul class="schema-commands">${c.map(i=>s`<li key=${i}><code>${i}</code></li>`)}</ul>`}
    </div>
  </div>`}var x=5e3;await f("styles/page.css","styles/schema.css");function Z({api:t,t:e,lang:o}){let{health:a,migrations:n,failed:r}=H(t),c=a?.database==="connected",i=a&&(c?n?.state??a.schema_state??"unknown":"unreachable"),d=n?.head??a?.schema_version??null,m=n?.target??a?.target_version??null,l=n?.pending??a?.pending_migrations??[];return s`<section class="page schema" aria-labelledby="schema-title">
    <h1 id="schema-title">${e("view.schema")}</h1>
    ${r&&s`<p class="notice" role="alert">${e("schema.failed",{detail:r})}</p>`}
    ${!a&&!r&&s`<p class="notice" role="status">${e("view.loading")}</p>`}
    ${a&&i&&s`
      <${k} state=${i} concerns=${c?n?.concerns??[]:[]} missing=${c?n?.missing??[]:[]} t=${e} />
      <dl class="schema-versions">
        <div><dt>${e("schema.head")}</dt><dd><code>${d??e("schema.none")}</code></dd></div>
        <div class=${d===m?"same":"other"}>
          <dt class="visually-hidden">${e("schema.compared")}</dt>
          <dd><span class="sign" aria-hidden="true">${d===m?"=":"≠"}</span><span class="visually-hidden">${e(d===m?"schema.same":"schema.other")}</span></dd>
        </div>
        <div><dt>${e("schema.target")}</dt><dd><code>${m??e("schema.none")}</code></dd></div>
        <div><dt>${e("schema.program")}</dt><dd>${a.version}</dd></div>
        <div><dt>${e("schema.environment")}</dt><dd>${a.environment}</dd></div>
      </dl>
      <section aria-labelledby="schema-pending">
        <h2 id="schema-pending">${e("schema.pending")}</h2>
        ${!c&&s`<p>${e("schema.unknown.pending")}</p>`}
        ${c&&l.length===0&&s`<p>${e("schema.pending.none")}</p>`}
        ${l.length>0&&s`<ol class="schema-pending">${l.map(({version:h,description:$})=>s`<li key=${h}><code>${h}</code>${" "}${$}</li>`)}</ol>`}
      </section>
      ${n&&s`<${y} lines=${n.history} t=${e} lang=${o} />`}`}
  </section>`}function H(t){let[e,o]=g(null),[a,n]=g(null),[r,c]=g(""),i=u(async()=>{let[d,m]=await Promise.allSettled([I(),t.get("/migrations")]);d.status==="fulfilled"&&o(d.value),m.status==="fulfilled"&&n(m.value);let l=[d,m].find($=>$.status==="rejected"),h=d.status==="fulfilled"&&d.value.database!=="connected";c(l?.status==="rejected"&&!h?String(l.reason?.message??l.reason):"")},[t]);return p(()=>{i();let d=setInterval(i,x);return()=>clearInterval(d)},[i]),{health:e,migrations:a,failed:r}}async function I(){return(await fetch("/health",{headers:{accept:"application/json"}})).json()}export{Z as default};
