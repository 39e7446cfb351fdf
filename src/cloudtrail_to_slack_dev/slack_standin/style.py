"""The page's style: Slack's desktop client in its light theme, down to a phone's width."""

from typing import Final

STYLE: Final = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:#4a154b;color:#1d1c1d;
font:15px/1.46668 Slack-Lato,Lato,"Helvetica Neue",Arial,"Noto Color Emoji",sans-serif;font-variant-ligatures:none}
a{color:#1264a3;text-decoration:none}a:hover{text-decoration:underline}
.app{display:flex;min-height:100vh}
.sidebar{flex:0 0 240px;position:sticky;top:0;align-self:flex-start;max-height:100vh;overflow:auto;
color:#e0d4e1;padding:0 8px 16px}
.workspace{color:#fff;font-weight:900;font-size:18px;padding:14px 8px 12px;overflow-wrap:anywhere}
.sidebar h2{font-size:14px;font-weight:400;color:#d1c0d2;margin:10px 8px 4px}
.sidebar a{display:block;color:#e0d4e1;padding:2px 8px;border-radius:6px;line-height:26px;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.sidebar a:hover{background:rgba(255,255,255,.1);text-decoration:none}
.sidebar nav:first-of-type a:first-of-type{color:#fff;font-weight:700}
.sidebar .hash{display:inline-block;width:20px;opacity:.8}
.main{flex:1;min-width:0;background:#fff;margin:6px 6px 6px 0;border-radius:8px;overflow:clip}
.channel+.channel,.extra{border-top:8px solid #f0ebf0}
.channel-head{position:sticky;top:0;z-index:1;background:#fff;display:flex;align-items:baseline;gap:12px;
padding:11px 20px;border-bottom:1px solid #e8e8e8}
.channel-head h1{font-size:18px;font-weight:900;line-height:1.33;margin:0;overflow-wrap:anywhere}
.channel-head .count{font-size:13px;color:#616061;white-space:nowrap}
.messages{padding:4px 0 20px}
.day{display:flex;align-items:center;justify-content:center;margin:14px 0 6px;position:relative}
.day:before{content:"";position:absolute;left:0;right:0;top:50%;border-top:1px solid #e8e8e8}
.day span{position:relative;background:#fff;border:1px solid #e0e0e0;border-radius:24px;padding:0 16px;
font-size:13px;font-weight:700;line-height:27px}
.message{display:flex;gap:8px;padding:8px 20px}
.message:hover{background:#f8f8f8}
.avatar{flex:0 0 36px;width:36px;height:36px;border-radius:8px;background:#dbe4f3;
display:flex;align-items:center;justify-content:center;font-size:20px}
.body{flex:1;min-width:0}
.who{display:flex;align-items:baseline;flex-wrap:wrap;line-height:1.46668}
.name{font-weight:900}
.badge{background:#e8e8e8;color:#616061;font-size:10px;font-weight:700;line-height:14px;border-radius:2px;
padding:0 3px;margin:0 4px;align-self:center}
.time,.edited{font-size:12px;color:#616061;margin-left:4px}
.edited{margin-left:0}
.content,.field{overflow-wrap:anywhere}
.block{margin:4px 0}
.section{display:flex;gap:12px;max-width:700px}
.section-body{flex:1;min-width:0}
.accessory{flex:none}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px}
.text+.fields{margin-top:8px}
.field{min-width:0}
.header{font-size:18px;font-weight:900;line-height:1.33;margin:6px 0 4px}
.context{display:flex;flex-wrap:wrap;align-items:center;gap:2px 8px;font-size:13px;line-height:1.5;color:#616061}
.context-element{min-width:0;overflow-wrap:anywhere}
.divider{border:0;border-top:1px solid #e0e0e0;margin:12px 0;max-width:700px}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}
.button{display:inline-block;border:1px solid #c9c9ca;border-radius:8px;padding:0 12px;font-size:13px;
font-weight:700;line-height:28px;color:#1d1c1d;background:#fff}
a:hover>.button{background:#f8f8f8}
.button.primary{color:#fff;background:#007a5a;border-color:#007a5a}
.button.danger{color:#fff;background:#e01e5a;border-color:#e01e5a}
code,pre{font-family:Monaco,Menlo,Consolas,"Courier New","DejaVu Sans Mono",monospace;font-size:12px;
background:#f8f8f8;border:1px solid #dddddd;font-variant-ligatures:none;tab-size:4}
code{color:#c01343;padding:2px 3px 1px;border-radius:3px;overflow-wrap:anywhere}
pre{line-height:1.50001;margin:4px 0;padding:8px;border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere}
code pre{border:0;padding:0;margin:0}
blockquote{margin:4px 0;padding:0 0 0 12px;border-left:4px solid #ddd}
ul,ol{margin:0;padding-left:26px}
.mention{background:#e8f5fa;color:#1264a3;border-radius:3px;padding:0 2px 1px}
.mention-all{background:#fcf3d9}
.channel-link{color:#1264a3}
.image{color:#616061;font-size:13px}
.replies{margin:6px 0 2px}
.replies summary{display:inline-block;cursor:pointer;list-style:none;color:#1264a3;font-size:13px;font-weight:700;
padding:2px 6px;margin-left:-6px;border-radius:6px}
.replies summary::-webkit-details-marker{display:none}
.replies summary span{font-weight:400;color:#616061;margin-left:6px}
.replies[open] summary{margin-bottom:2px}
.reply-list{border-left:2px solid #e4e4e4;margin-left:2px;padding-left:4px}
.reply-list .message{padding:6px 8px}
.reply-list .avatar{flex-basis:24px;width:24px;height:24px;border-radius:6px;font-size:14px}
.empty{padding:20px;color:#616061}
.extra{padding:0 20px 20px}
.extra h1{font-size:18px;font-weight:900;margin:12px 0 8px}
.extra h2{font-size:15px;font-weight:700;margin:14px 0 4px;overflow-wrap:anywhere}
@media (max-width:640px){
.app{display:block}
.sidebar{position:static;max-height:none;padding:0 8px 8px}
.workspace{padding:10px 8px 6px}
.sidebar h2{display:none}
.sidebar nav{display:flex;flex-wrap:wrap;gap:0 4px}
.sidebar .hash{width:auto;margin-right:2px}
.main{margin:0;border-radius:12px 12px 0 0}
.channel-head,.message{padding-left:12px;padding-right:12px}
.extra{padding-left:12px;padding-right:12px}
.section{flex-wrap:wrap}
.fields{gap:8px}
.reply-list .message{padding:6px 4px}
}
"""
