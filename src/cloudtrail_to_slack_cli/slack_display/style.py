"""The page's style: Slack's desktop client, light or dark as the reader's device is, down to a phone's width."""

from typing import Final

LIGHT: Final = """
--page:#fff;--frame:#f4ede4;--text:#1d1c1d;--soft:#616061;--line:#e2e2e2;--hover:#f8f8f8;--chip:#e8e8e8;
--link:#1264a3;--code:#c01343;--code-page:#f8f8f8;--code-line:#ddd;--avatar:#dbe4f3;--accent:#611f69;
--mention:#e8f5fa;--mention-all:#fcf3d9;--button:#fff;--about:#f8f4fa
"""
DARK: Final = """
--page:#1a1d21;--frame:#121016;--text:#d1d2d3;--soft:#ababad;--line:#35373b;--hover:#222529;--chip:#35373b;
--link:#4aa3e0;--code:#ea8aa3;--code-page:#222529;--code-line:#45474b;--avatar:#2c3e55;--accent:#c99fd4;
--mention:#1d3a4a;--mention-all:#4d4222;--button:#222529;--about:#211d28
"""

STYLE: Final = (
    f":root{{color-scheme:light dark;{LIGHT.strip()}}}\n"
    f"@media (prefers-color-scheme:dark){{:root{{{DARK.strip()}}}}}"
    """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--frame);color:var(--text);
font:15px/1.46668 Slack-Lato,Lato,"Helvetica Neue",Arial,"Noto Color Emoji",sans-serif;font-variant-ligatures:none}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
summary{cursor:pointer}
.app{display:flex;max-width:1180px;margin:0 auto}
.sidebar{flex:0 0 300px;position:sticky;top:0;align-self:flex-start;max-height:100vh;overflow:auto;
padding:20px 20px 20px 16px}
.sidebar h1{font-size:20px;font-weight:900;line-height:1.3;margin:0 0 8px}
.sidebar p{margin:0 0 10px;color:var(--soft);font-size:14px}
.sidebar .days{color:var(--text);font-weight:700}
.contents summary{font-size:14px;color:var(--soft)}
.contents ol{margin:4px 0 0;padding-left:24px;font-size:14px}
.contents li{padding:2px 0}
.main{flex:1;min-width:0;padding:12px 12px 40px 0}
.section-of-page{background:var(--page);border:1px solid var(--line);border-radius:12px;margin:0 0 12px;overflow:clip}
.section-of-page h2{font-size:18px;font-weight:900;line-height:1.33;margin:0;padding:12px 20px 2px;
overflow-wrap:anywhere}
.number{display:inline-block;min-width:28px;color:var(--accent)}
.about{margin:0;padding:0 20px 12px 48px;color:var(--soft);border-bottom:1px solid var(--line);max-width:none}
.messages{padding:4px 0}
.message{display:flex;gap:8px;padding:8px 20px}
.message:hover{background:var(--hover)}
.message+.message{border-top:1px solid var(--line)}
.message:target{background:var(--about)}
.avatar{flex:0 0 36px;width:36px;height:36px;border-radius:8px;background:var(--avatar);
display:flex;align-items:center;justify-content:center;font-size:20px}
.body{flex:1;min-width:0}
.who{display:flex;align-items:baseline;flex-wrap:wrap;line-height:1.46668}
.name{font-weight:900}
.badge{background:var(--chip);color:var(--soft);font-size:10px;font-weight:700;line-height:14px;border-radius:2px;
padding:0 3px;margin:0 4px;align-self:center}
.time,.edited{font-size:12px;color:var(--soft);margin-left:4px}
.edited{margin-left:0}
.where{font-size:13px;font-weight:700;color:var(--accent)}
.who .where{margin-left:10px}
.content,.field{overflow-wrap:anywhere}
.block{margin:4px 0}
.section{display:flex;gap:12px;max-width:700px}
.section-body{flex:1;min-width:0}
.accessory{flex:none}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px}
.text+.fields{margin-top:8px}
.field{min-width:0}
.header{font-size:18px;font-weight:900;line-height:1.33;margin:6px 0 4px}
.context{display:flex;flex-wrap:wrap;align-items:center;gap:2px 8px;font-size:13px;line-height:1.5;color:var(--soft)}
.context-element{min-width:0;overflow-wrap:anywhere}
.divider{border:0;border-top:1px solid var(--line);margin:12px 0;max-width:700px}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}
.button{display:inline-block;border:1px solid var(--code-line);border-radius:8px;padding:0 12px;font-size:13px;
font-weight:700;line-height:28px;color:var(--text);background:var(--button)}
a:hover>.button{background:var(--hover)}
.button.primary{color:#fff;background:#007a5a;border-color:#007a5a}
.button.danger{color:#fff;background:#e01e5a;border-color:#e01e5a}
code,pre{font-family:Monaco,Menlo,Consolas,"Courier New","DejaVu Sans Mono",monospace;font-size:12px;
background:var(--code-page);border:1px solid var(--code-line);font-variant-ligatures:none;tab-size:4}
code{color:var(--code);padding:2px 3px 1px;border-radius:3px;overflow-wrap:anywhere}
pre{line-height:1.50001;margin:4px 0;padding:8px;border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere;
max-height:10.5em;overflow:auto}
code pre{border:0;padding:0;margin:0}
blockquote{margin:4px 0;padding:0 0 0 12px;border-left:4px solid var(--code-line)}
ul,ol{margin:0;padding-left:26px}
.mention{background:var(--mention);color:var(--link);border-radius:3px;padding:0 2px 1px}
.mention-all{background:var(--mention-all)}
.channel-link{color:var(--link)}
.image{color:var(--soft);font-size:13px}
.replies{margin:6px 0 2px}
.replies>summary{display:inline-block;color:var(--link);font-size:13px;font-weight:700}
.replies>summary span{font-weight:400;color:var(--soft);margin-left:6px}
.reply-list{border-left:2px solid var(--line);margin:2px 0 0 2px;padding-left:4px}
.reply-list .message{padding:6px 8px}
.reply-list .avatar{flex-basis:24px;width:24px;height:24px;border-radius:6px;font-size:14px}
.elsewhere,.empty{margin:0;padding:8px 20px 8px 64px;color:var(--soft)}
.attachments{border-top:1px solid var(--line);padding:8px 20px 10px;font-size:13px}
.attachments summary{color:var(--soft);overflow-wrap:anywhere}
.attachments details{margin:4px 0 0 16px}
.attachments pre{max-height:none}
@media (max-width:760px){
.app{display:block}
.sidebar{position:static;max-height:none;padding:14px 12px 12px}
.main{padding:0 0 24px}
.section-of-page{border-radius:0;border-left:0;border-right:0;margin-bottom:10px}
.section-of-page h2{padding:10px 12px 2px}
.about{padding:0 12px 10px}
.number{min-width:0;margin-right:4px}
.message{padding-left:12px;padding-right:12px}
.message>.avatar{flex-basis:28px;width:28px;height:28px;font-size:16px}
.elsewhere,.empty{padding-left:12px;padding-right:12px}
.attachments{padding-left:12px;padding-right:12px}
.section{flex-wrap:wrap}
.fields{gap:8px}
.reply-list .message{padding:6px 4px}
}
"""
)
