"""The style sheet of a mix's report: light and dark, wide and narrow, on a screen and on paper.

Below 641 px a table's rows are cards, each figure under or beside its column's name.
"""

from __future__ import annotations

STYLE = """
:root{color-scheme:light;--page:#f6f7f9;--panel:#ffffff;--line:#d9dde3;--text:#1b1e24;
--second:#5b6470;--accent:#0b72c4;--outgoing:#0b72c4;--incoming:#b86a00;--ok:#1f7f55;
--flagged:#a86400}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--page:#15171c;
--panel:#1d2027;--line:#2b303a;--text:#e7e9ec;--second:#9aa3af;--accent:#4fb3ff;
--outgoing:#4fb3ff;--incoming:#ffb454;--ok:#3fb27f;--flagged:#f2a33a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:24px 16px;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1{font-size:28px;line-height:1.25;margin:0 0 16px}
h2{font-size:20px;line-height:1.3;margin:0 0 8px}
p,ul,ol{margin:0 0 12px}
.kind,.when,.to,small,footer,figcaption,caption{color:var(--second);font-size:15px}
.kind{margin:0}
.pair{font-weight:600}
.to{font-size:inherit;color:inherit}
small,.when{display:block}
a{color:var(--accent)}
td,th{padding:8px;text-align:left;vertical-align:top}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;
margin:0 0 24px}
.facts div,.panel,table{background:var(--panel);border:1px solid var(--line);border-radius:8px}
.facts div{padding:8px 16px}
dt{color:var(--second);font-size:15px}
dd{margin:0;font-weight:600}
.panel{padding:16px;margin:0 0 24px}
table{width:100%;border-collapse:separate;border-spacing:0;margin:0 0 24px}
.panel table{border:0;margin:0 0 8px}
caption{text-align:left;padding:0 0 8px}
tbody td,tbody th{border-top:1px solid var(--line)}
th{font-weight:600}
thead th,tbody th a{overflow-wrap:normal;white-space:nowrap}
tbody th{font-weight:400}
tbody th a,.back,summary{display:inline-block;padding:10px 0;min-height:44px}
tbody th a{padding:0;min-height:0}
summary{cursor:pointer;color:var(--accent);display:list-item}
.ok{color:var(--ok)}
.flagged{color:var(--flagged);font-weight:600}
.unknown{color:var(--second)}
.reasons li,.tracks li{margin:0 0 8px}
.tracks span{display:inline-block;min-width:5em;color:var(--second)}
figure{margin:0 0 16px}
svg{display:block}
.label,.flag-number{fill:var(--text);font-size:15px;paint-order:stroke;stroke:var(--panel);
stroke-width:4px;stroke-linejoin:round}
.flag-number{fill:var(--flagged);font-weight:600}
.frame{fill:none;stroke:var(--line)}
.region{fill:var(--second);fill-opacity:.14}
.edge{stroke:var(--second)}
.tick{stroke:var(--line)}
.flag-bar{fill:var(--flagged);stroke:var(--flagged);stroke-width:2}
.flag-shade{fill:var(--flagged);fill-opacity:.14}
.wave.outgoing{fill:var(--outgoing)}
.wave.incoming{fill:var(--incoming)}
.wave.mixed{fill:var(--text)}
.curve{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-width:1.5px}
.curve.outgoing{stroke:var(--outgoing)}
.curve.incoming{stroke:var(--incoming);stroke-dasharray:5 3}
.curve.mixed{stroke:var(--text);stroke-width:3px}
.key{display:inline-block;margin:8px 16px 4px 0}
.key::before{content:"";display:inline-block;width:24px;margin-right:8px;vertical-align:middle;
border-top:2px solid var(--outgoing)}
.key.incoming::before{border-top:2px dashed var(--incoming)}
.key.mixed::before{border-top:4px solid var(--text)}
@media (min-width:900px){.panel td{white-space:nowrap}}
@media (max-width:640px){
table,tbody,caption{display:block}
table{border:0;background:none}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{display:grid;gap:4px;padding:8px 12px;margin:0 0 12px;background:var(--panel);
border:1px solid var(--line);border-radius:8px}
tbody td,tbody th{border:0;padding:2px 0}
tbody td{display:grid;grid-template-columns:6.5em 1fr;gap:8px}
tbody td::before{content:attr(data-label);color:var(--second)}
tbody th a{padding:10px 0;min-height:44px;font-weight:600}
.panel tbody tr{grid-template-columns:repeat(3,1fr);gap:4px 8px}
.panel tbody th{grid-column:1/-1}
.panel tbody td{display:block}
.panel tbody td::before{display:block;font-size:15px}}
@media print{body{max-width:none;padding:0}.back{display:none}.panel,tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}}
"""
"""What stands in the page's ``<style>``."""
