// SPDX-License-Identifier: Apache-2.0

/// The style of the report: one page for screen and paper, light and dark, without anything from elsewhere.
enum ReportStyle {
    static let sheet = """
        :root{color-scheme:light dark;--page:#fff;--ink:#16202a;--quiet:#5c6a77;--line:#dde3e8;
        --soft:#f4f6f8;
        --a:#0f62a8;--b:#d0561f;--c:#2f8f5b;--d:#8a4fae;--e:#b58a00;--f:#0f9aa8;--g:#b3366b;--h:#6b7280;
        --good:#1f7a45;--bad:#b3261e;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica \
        Neue",sans-serif}
        @media (prefers-color-scheme:dark){:root{--page:#12171c;--ink:#e6ebf0;--quiet:#93a1ae;
        --line:#2a333c;
        --soft:#1a2128;--a:#62aef0;--b:#f08a55;--c:#5fc48d;--d:#c193e0;--e:#e0bb4a;--f:#4fd0dc;
        --g:#ee82ae;--h:#9aa4af;
        --good:#5fc48d;--bad:#ff8a80}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink)}
        main{max-width:1080px;margin:0 auto;padding:44px 28px 72px}
        h1{font-size:32px;line-height:1.15;letter-spacing:-.02em;margin:0 0 8px;overflow-wrap:anywhere}
        h2{font-size:20px;letter-spacing:-.01em;margin:56px 0 4px;padding-top:18px;border-top:1px solid \
        var(--line)}
        h3{font-size:15px;margin:0}p{margin:0 0 12px;max-width:70ch}.lead{font-size:17px;color:var(--quiet)}
        .quiet,figcaption span{color:var(--quiet)}b,strong{font-weight:600}
        nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:22px 0 0;font-size:14px}
        a{color:var(--a);text-decoration:none}a:hover{text-decoration:underline}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:1px;
        background:var(--line);
        border:1px solid var(--line);border-radius:8px;overflow:hidden;margin:30px 0 0}
        .tile{background:var(--page);padding:16px 18px}.tile .name{color:var(--quiet);font-size:13px}
        .tile .value{font-size:30px;font-weight:600;letter-spacing:-.02em;
        font-variant-numeric:tabular-nums;line-height:1.25}
        .tile .range{color:var(--quiet);font-size:13px;font-variant-numeric:tabular-nums}
        .grid2{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:36px \
        40px;margin-top:22px}
        .grid3{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,290px),1fr));gap:28px \
        32px;margin-top:22px}
        figure{margin:0;break-inside:avoid}figcaption{margin:0 0 \
        6px;min-height:3em;font-size:14px}figcaption b{display:block;font-size:15px}
        svg{display:block;width:100%;height:auto;overflow:visible;font-variant-numeric:tabular-nums}
        svg text{font-size:11px;fill:var(--quiet)}svg .name{font-size:11px;font-weight:600}svg \
        .cell{font-size:13px;fill:var(--ink)}
        svg .word{font-size:12px;fill:var(--ink)}.gridline,.grid{stroke:var(--line);stroke-width:1}
        .axis{stroke:var(--quiet);stroke-width:1}
        .line{fill:none;stroke-width:2;stroke-linejoin:round}.chance{stroke:var(--quiet);stroke-width:1;
        stroke-dasharray:3 4}
        .area{opacity:.12}.dot{opacity:.55}.bar{opacity:.9}
        .line.a{stroke:var(--a)}.line.b{stroke:var(--b)}.line.c{stroke:var(--c)}.line.d{stroke:var(--d)}
        .line.e{stroke:var(--e)}
        .line.f{stroke:var(--f)}.line.g{stroke:var(--g)}.line.h{stroke:var(--h)}
        .a.area,.a.dot,.a.bar,.a.mark{fill:var(--a)}.b.area,.b.dot,.b.bar,.b.mark{fill:var(--b)}
        .c.area,.c.dot,.c.bar{fill:var(--c)}
        .d.dot,.d.bar{fill:var(--d)}.e.dot,.e.bar{fill:var(--e)}.f.dot,.f.bar{fill:var(--f)}
        .g.dot,.g.bar{fill:var(--g)}
        .h.dot,.h.bar{fill:var(--h)}.whisker{stroke:var(--ink);stroke-width:1;opacity:.55}
        .legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:13px;margin:4px 0 \
        0;padding:0;list-style:none}
        .legend i{display:inline-block;width:14px;height:3px;border-radius:2px;vertical-align:middle;
        margin-right:6px}
        table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
        .scroll{overflow-x:auto;margin-top:18px}th{font-weight:600;text-align:left;color:var(--quiet);
        font-size:13px;white-space:nowrap}
        th,td{padding:7px 14px 7px 0;border-bottom:1px solid \
        var(--line);vertical-align:middle}td.n,th.n{text-align:right;white-space:nowrap}
        td.n:last-child,th.n:last-child{padding-right:0}td code{font-size:13px}td svg{width:150px;
        height:34px}
        .good{color:var(--good)}.bad{color:var(--bad)}
        .verdict{border-left:3px solid var(--good);padding:2px 0 2px 14px;margin:18px \
        0}.verdict.no{border-color:var(--bad)}
        footer{margin-top:64px;padding-top:16px;border-top:1px solid \
        var(--line);color:var(--quiet);font-size:13px;overflow-wrap:anywhere}
        @media print{main{padding:0;max-width:none}nav{display:none}h2{break-after:avoid}}
        """
}
