"""The style of the HTML report: its one style sheet, light and dark."""

STYLE = """
:root{--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--dim:#5c6675;--line:#dfe3e9;--code:#f2f4f7;
--error:#b3261e;--error-bg:#fbe9e7;--warning:#8a5300;--warning-bg:#fdf1dc;--note:#0b5c8a;
--note-bg:#e3f1f9;--good:#1b6e3c;--good-bg:#e2f3e8;--mark:#ffd9d4;--second:#d9e8ff}
@media (prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2029;--ink:#e4e8ee;--dim:#98a3b3;
--line:#2d3643;--code:#12171e;--error:#ff8a80;--error-bg:#3a1a1a;--warning:#ffc46b;
--warning-bg:#38290f;--note:#7cc7f2;--note-bg:#12303f;--good:#7fd6a0;--good-bg:#14311f;
--mark:#6b2520;--second:#1f3f6b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:2rem 1.25rem;background:var(--bg);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.7rem;margin:0 0 .25rem;letter-spacing:-.01em}h1 .sub{font-weight:400;color:var(--dim)}
header p{margin:0 0 1.25rem;color:var(--dim)}
code,pre{font:.875rem/1.6 ui-monospace,SFMono-Regular,Consolas,"DejaVu Sans Mono",monospace}
.switch{position:absolute;opacity:0}
.chip{display:inline-block;padding:.1rem .65rem;border-radius:1rem;font-size:.8rem;font-weight:600;
vertical-align:.12em}
label.chip{font-size:.9rem;padding:.25rem .9rem;margin-right:.4rem;cursor:pointer;font-weight:400;
border:1px solid transparent}
.chip.error{color:var(--error);background:var(--error-bg)}
.chip.warning{color:var(--warning);background:var(--warning-bg)}
.chip.note{color:var(--note);background:var(--note-bg)}
.switch:not(:checked)+label{background:none;border-color:var(--line);color:var(--dim);
text-decoration:line-through}
.switch:focus-visible+label{outline:2px solid var(--note);outline-offset:2px}
#show-error:not(:checked)~main .finding.error,#show-warning:not(:checked)~main .finding.warning,
#show-note:not(:checked)~main .finding.note{display:none}
.file{margin:1.75rem 0 0}
.file h2{font-size:1rem;margin:0 0 .6rem;overflow-wrap:anywhere}.file h2 code{font-size:1rem}
.finding{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--line);
border-radius:.5rem;padding:1rem 1.25rem;margin:0 0 .9rem}
.finding.error{border-left-color:var(--error)}.finding.warning{border-left-color:var(--warning)}
.finding.note{border-left-color:var(--note)}
.finding h3{font-size:1.05rem;margin:0;overflow-wrap:anywhere}
.meta{color:var(--dim);font-size:.875rem;margin:.25rem 0 .5rem;overflow-wrap:anywhere}
pre{margin:.5rem 0;padding:.7rem .9rem;background:var(--code);border:1px solid var(--line);
border-radius:.4rem;overflow-x:auto;tab-size:4}
pre .number{display:inline-block;min-width:2.2em;margin-right:1em;text-align:right;
color:var(--dim);font-style:normal;user-select:none}
pre .gap{color:var(--dim);font-style:normal;padding-left:1.6em}
pre .note{color:var(--note);margin-left:1.5em;font-family:system-ui,"DejaVu Sans",sans-serif}
mark{background:var(--second);color:inherit;border-radius:.2em}
mark.primary{padding-bottom:.15em;background:var(--mark);box-shadow:0 2px 0 var(--error)}
.trace{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;list-style:none;margin:.75rem 0;padding:0}
.trace li{position:relative;border:1px solid var(--line);border-radius:.4rem;padding:.25rem .7rem;
font-size:.85rem;max-width:17rem}
.trace li+li::before{content:"\\2192";position:absolute;left:-1.15rem;color:var(--dim)}
.trace b{display:block;font-weight:600}.trace span{color:var(--dim)}
.trace .yes{border-color:var(--good);background:var(--good-bg)}.trace .yes b{color:var(--good)}
.trace .yes b::before{content:"\\2713\\00a0"}.trace .no b::before{content:"\\2717\\00a0"}
.trace .weak b::before{content:"\\007e\\00a0"}
.trace .no{border-style:dashed}.trace .no b{color:var(--dim)}
.trace .weak{border-color:var(--warning);background:var(--warning-bg)}.trace .weak b{color:var(--warning)}
.trace .operation{border-color:var(--error);background:var(--error-bg);display:flex;align-items:center}
.trace .operation b{color:var(--error)}
.why,.instead{margin:.4rem 0;font-size:.95rem;overflow-wrap:anywhere}.why{color:var(--dim)}
.clean{background:var(--good-bg);color:var(--good);padding:1rem 1.25rem;border-radius:.5rem;
font-weight:600}
.problems{background:var(--warning-bg);border-radius:.5rem;padding:1rem 1.25rem}
summary{cursor:pointer}footer{color:var(--dim);font-size:.85rem;margin-top:2.5rem}
@media print{body{max-width:none}.finding{break-inside:avoid}}
"""
