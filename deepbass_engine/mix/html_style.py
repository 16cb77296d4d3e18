"""The style sheet of a report: light and dark, wide and narrow, on a screen and on paper."""

from __future__ import annotations

_LIGHT = """
--background:#f6f7f9;--panel:#fff;--line:#d9dde3;--text:#1b1e24;--secondary:#5b6470;
--accent:#0b6bb8;--out:#0b72c4;--in:#b86a00;--ok:#1a7049;--flagged:#8a5200;--mark:#a86400
"""
_DARK = """
--background:#15171c;--panel:#1d2027;--line:#2b303a;--text:#e7e9ec;--secondary:#9aa3af;
--accent:#4fb3ff;--out:#4fb3ff;--in:#ffb454;--ok:#3fb27f;--flagged:#f2a33a;--mark:#f2a33a
"""

STYLE = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
*{{box-sizing:border-box}}
body{{margin:0 auto;max-width:1100px;padding:24px;background:var(--background);color:var(--text);
font:16px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
h1{{font-size:28px;line-height:1.25;margin:0 0 16px}}
h2{{font-size:22px;line-height:1.3;margin:40px 0 8px}}
h3{{font-size:18px;margin:24px 0 8px}}
p{{margin:8px 0}}
a{{color:var(--accent)}}
small,.secondary{{color:var(--secondary);font-size:15px}}
dl{{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}}
dt{{color:var(--secondary)}}
dd{{margin:0}}
table{{width:100%;border-collapse:collapse;background:var(--panel);border:1px solid var(--line)}}
caption{{text-align:left;color:var(--secondary);font-size:15px;padding:0 0 8px}}
th,td{{text-align:left;vertical-align:top;padding:8px;border-top:1px solid var(--line);
font-weight:400}}
thead th{{color:var(--secondary);font-size:15px;border:0}}
th small{{display:block}}
.number{{text-align:right;white-space:nowrap}}
.ok{{color:var(--ok);font-weight:600}}
.flagged{{color:var(--flagged);font-weight:600}}
.reasons{{border-left:4px solid var(--mark);padding-left:12px;list-style:none;margin:12px 0}}
.reasons li{{margin:4px 0}}
.drawing{{display:block;width:100%;overflow:hidden;margin:16px 0 8px}}
.drawing text{{font-size:15px;fill:var(--text);stroke:var(--background);stroke-width:4px;
stroke-linejoin:round;paint-order:stroke}}
.drawing text.flagged{{fill:var(--flagged)}}
.drawing path{{vector-effect:non-scaling-stroke}}
.panel{{fill:var(--panel)}}
.region{{fill:var(--secondary);opacity:.14}}
.edge,.tick{{stroke:var(--secondary)}}
.level{{stroke:var(--line)}}
.shade{{fill:var(--mark);opacity:.25}}
.flag{{fill:var(--mark)}}
path.out{{fill:var(--out)}}
path.in{{fill:var(--in)}}
path.mix{{fill:var(--text)}}
.drawing path.line{{fill:none;stroke-width:1.25px;stroke-linejoin:round}}
path.line.out{{stroke:var(--out)}}
path.line.in{{stroke:var(--in)}}
.drawing path.line.mix{{stroke:var(--text);stroke-width:2.5px}}
.key{{display:flex;flex-wrap:wrap;gap:4px 20px;padding:0;margin:0 0 16px;list-style:none;
font-size:15px}}
.key span{{display:inline-block;width:20px;height:4px;margin-right:8px;vertical-align:middle}}
footer{{margin-top:40px;color:var(--secondary);font-size:15px}}
@media (max-width:640px){{
body{{padding:16px}}
h1{{font-size:24px}}
table,tbody,tr,th,td,caption{{display:block}}
table{{background:none;border:0}}
thead{{display:none}}
tr{{background:var(--panel);border:1px solid var(--line);border-radius:8px;margin:0 0 12px;
padding:8px 12px}}
th,td{{border:0;padding:3px 0}}
td[data-label]{{display:grid;grid-template-columns:104px 1fr;gap:8px}}
td[data-label]::before{{content:attr(data-label);color:var(--secondary);font-size:15px;
font-weight:400}}
.number{{text-align:left;white-space:normal}}
.measures tr{{display:grid;grid-template-columns:repeat(3,1fr);gap:4px 8px}}
.measures th{{grid-column:1/-1}}
.measures td[data-label]{{display:block}}
.measures td[data-label]::before{{display:block}}
}}
@media print{{
:root{{color-scheme:light;{_LIGHT}}}
*{{print-color-adjust:exact}}
body{{max-width:none;padding:0;font-size:11pt}}
tr,.drawing,.reasons,.key{{break-inside:avoid}}
h2,h3{{break-after:avoid}}
}}
""".strip()
"""Text of a ``<style>`` element."""
