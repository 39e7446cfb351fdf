"""The page's style, beside that of Slack's messages: light or dark, down to a phone's width, and on paper."""

from typing import Final

from cloudtrail_to_slack_cli.slack_display.style import DARK, LIGHT, STYLE

_THEMES: Final = (
    f":root[data-theme=light]{{color-scheme:light;{LIGHT.strip()}}}"
    f":root[data-theme=dark]{{color-scheme:dark;{DARK.strip()}}}"
)
_OWN: Final = """
.page{max-width:1100px;margin:0 auto;padding:16px}
.page>header,.card{background:var(--page);border:1px solid var(--line);border-radius:12px;margin:0 0 12px;
padding:12px 20px}
.page h1{font-size:22px;line-height:1.3;margin:0 0 4px}
.page h2{font-size:18px;margin:4px 0 8px;break-after:avoid}
.page h3{font-size:15px;margin:12px 0 4px}
.page p{margin:0 0 8px}
.soft{color:var(--soft)}
.skip{position:absolute;left:-9999px}
.skip:focus{left:8px;top:8px;background:var(--page);padding:8px;z-index:1}
.controls{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:0 0 8px}
.controls button,.controls input{font:inherit;font-size:14px;color:var(--text);background:var(--button);
border:1px solid var(--soft);border-radius:8px;padding:4px 12px}
.controls button[aria-pressed=true]{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link)}
.controls input{flex:1;min-width:0;max-width:380px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;color:var(--soft);padding:0 0 4px}
th,td{text-align:left;vertical-align:top;padding:4px 10px 4px 0;border-bottom:1px solid var(--line)}
th[scope=row]{font-weight:400;overflow-wrap:anywhere;min-width:150px}
thead th,td{white-space:nowrap}
.count{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th button{font:inherit;font-weight:700;color:inherit;background:none;border:0;padding:0;cursor:pointer;
text-align:inherit}
th[aria-sort=ascending] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
.actor,.rule-name{overflow-wrap:anywhere}
.chart{display:block;width:100%;height:auto;max-height:260px}
.chart rect{fill:var(--link)}
.chart line{stroke:var(--line)}
.chart text{fill:var(--soft);font-size:11px}
.bars{color:var(--link);white-space:pre;font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace}
.rule{border-top:1px solid var(--line);padding:6px 0}
.rule>summary{font-weight:700;overflow-wrap:anywhere}
.rule:target>summary{background:var(--about)}
.rule .message{border:1px solid var(--line);border-radius:8px;margin:6px 0}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media (max-width:600px){
.page{padding:0}
.page>header,.card{border-radius:0;border-left:0;border-right:0;padding:10px 12px}
.fields{grid-template-columns:1fr}
.chart text{display:none}
}
@media print{
:root,:root[data-theme]{color-scheme:light;--page:#fff;--frame:#fff;--text:#000;--soft:#444;--line:#bbb;--link:#1264a3;
--code:#900;--code-page:#fff;--code-line:#999;--button:#fff;--chip:#eee;--about:#fff;--hover:#fff}
.controls,.skip{display:none}
.page{max-width:none;padding:0}
.page>header,.card{border:0;padding:4px 0}
.scroll{overflow:visible}
tr,.message,svg{break-inside:avoid}
pre{max-height:none}
a{color:inherit}
.chart rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
"""
PAGE_STYLE: Final = STYLE + _THEMES + _OWN
